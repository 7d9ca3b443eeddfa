---@meta
-- base.d.lua: the core under its public names: constants, states, what is known when, and the context of a trace.

--- A constant from a number or nested lists of numbers or booleans. Whole numbers are i32, others the default float, booleans bool, where no dtype is given.
---@param value number|boolean|table
---@param dtype? string `nil`: by the numbers
---@return nn.Tensor
function nn.constant(value, dtype) end

--- All elements the same.
---@param shape integer[] `{}` is a scalar
---@param value number|boolean|nn.Tensor one number
---@param dtype? string `nil`: by the number
---@return nn.Tensor [shape]
function nn.full(shape, value, dtype) end

--- 0, 1, … n - 1.
---@param n integer
---@return nn.Tensor i32 [n]
function nn.iota(n) end

--- A Lua value at compile time: `nnc -D name=value`, read as the default's type; a name that no nn.arg asks for is an error.
---@param name string
---@param default number|string|boolean|nil
---@return any
function nn.arg(name, default) end

--- What the caller of a function hands in: an action's `inputs`, the flag `--FUNC.INPUT`, else the default. At the top of the file only.
---@param shape integer[]
---@param dtype? string `--float`
---@param default? any `nil`: must be given; numbers like nn.constant's, one stands for all
---@return nn.Tensor [shape]
function nn.input(shape, dtype, default) end

--- State that is trained. At the top of the file only.
---@param shape integer[]
---@param init? number|nn.Tensor|nn.Init `0`
---@param dtype? string `--float`, or the dtype of a tensor given as init; a float
---@return nn.Tensor [shape], a state
function nn.parameter(shape, init, dtype) end

--- A new version of a state: later reads in the same function see it, and the last one is stored when the function ends. Gradients flow through it. Inside functions only.
---@param state nn.Tensor
---@param value number|nn.Tensor with the state's shape and dtype; a number stands for all
function nn.assign(state, value) end

--- The current version of a state as a tensor, which stays as it is when the state is assigned.
---@param x nn.Tensor
---@return nn.Tensor
function nn.value(x) end

--- A state's initial value, drawn anew. Inside functions only.
---@param state nn.Tensor
---@return nn.Tensor
function nn.initial(state) end

---@class nn.WithOptions
---@field mode? "train"|"eval" `nil`: what nn.training() says in f
---@field key? number|nn.Tensor `nil`; one number, in place of the count of calls: equal keys draw equal numbers

--- f(…) in another context of the trace.
---@param options nn.WithOptions
---@param f function
---@param ... any
---@return any results all that f returned
function nn.with(options, f, ...) end

--- Is this being traced for training? A Lua boolean: the function's mode, or that of nn.with.
---@return boolean
function nn.training() end

--- Tensors side by side along a dimension; their other sizes agree. The widest dtype wins.
---@param list nn.Tensor[]
---@param dim? integer `1`
---@return nn.Tensor
function nn.concat(list, dim) end

--- Tensors of one shape along a new dimension.
---@param list nn.Tensor[]
---@param dim? integer `1`, to rank + 1; -1: behind the last
---@return nn.Tensor
function nn.stack(list, dim) end

--- Not supported yet: calling it says so. Dynamic loss scaling by hand: multiply the loss, divide what nn.grad gives, and nn.cond(finite, function() opt:update(g) end).
function nn.LossScaler() end
