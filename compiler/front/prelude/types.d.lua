---@meta
-- types.d.lua: what values are: classes and aliases for the annotations of the other files. Not run; read by a language server (LuaLS) and
-- by docs/library.awk.

---@alias nn.Reduction "mean"|"sum"|"none" what a loss makes of its numbers: their mean, their sum, or nothing
---@alias nn.Rate number|nn.Tensor|nn.Schedule a learning rate: a number, nn.hyper, a scalar state, or a schedule
---@alias nn.Schedule fun(t: nn.Tensor): nn.Tensor a learning rate from the number of complete steps, a float scalar
---@alias nn.Init fun(shape: integer[]): nn.Tensor|number an initial value; it may draw, and read no state

---@class nn.Tensor a value of the graph; states (parameters, buffers) are tensors too, and stand for their current version. `+ - * / // % ^ & | ~ << >>` work element by element with broadcasting as NumPy's; `/` of integers gives a float, `//` floors. `x[i]` is x:select(1, i). `< <= ==` and `#` are errors: use `x:lt(y)` …, `x.shape[1]`
---@field shape integer[]
---@field rank integer the number of dimensions, at most 8
---@field dtype "f32"|"f64"|"f16"|"bf16"|"i32"|"i64"|"u32"|"u8"|"bool"

---@class nn.Module a callable table with `forward`; its fields are its parts
---@field forward function

---@class nn.Func an entry point of the program
---@field metrics? table<string, nn.Tensor> `nil`; of nn.evaluate: the means over the rows of the pass so far, as states

---@class nn.Program what a model file returns

---@class nn.Source where batches come from; a value of the program's `data`
---@field classes? integer `nil`; how many labels or tokens there are, where it knows
---@field rows? integer `nil`; how many rows there are, where it knows

---@class nn.Batch what a function with `on` gets; besides the fields below those of its source, such as `b.x` and `b.y`
---@field first nn.Tensor f32 []: 1 in the first batch of a pass, else 0
---@field last nn.Tensor f32 []: 1 in the last batch of a pass, else 0
---@field epoch nn.Tensor f32 []: complete passes
---@field weight? nn.Tensor `nil`; of sources with `pad` or `sample`: the default float [batch], 1 for a row, else 0

---@class nn.Action nn.save or nn.load: stands in a phase where functions do

---@class nn.Act what a phase calls, in place of a function alone
---@field [1] nn.Func|string the function, or its name
---@field times? integer `1`: calls in a row; the log shows their means
---@field every? integer `1`: in every so-manyth step (in `step`) or epoch (in `each_epoch`), counted from the phase's beginning
---@field when? string `nil`; "func.output": only when that scalar was not zero in its latest call
---@field inputs? table<string, any> `nil`; values of the function's inputs: numbers (one stands for all), or, where a source has a vocabulary, a text or a file of it
---@field write? table<string, string> `nil`; outputs to paths: `FILE.npy` grows by a row a call, `FILE.txt` and `"-"` (standard output) get a line for each last dimension, `FILE.png` shows pictures

---@class nn.Phase one part of a run. An epoch is a pass of the first source of the first function of `step`
---@field epochs? integer|nn.Tensor `nil`; a number or nn.hyper; either this or steps
---@field steps? integer|nn.Tensor `nil`
---@field before? nn.Act|nn.Act[] `nil`: called once, first
---@field step nn.Act|nn.Act[] called in each step: functions, their names, nn.Act, nn.save, nn.load
---@field each_epoch? nn.Act|nn.Act[] `nil`: called at the end of each epoch
---@field after? nn.Act|nn.Act[] `nil`: called once, when the phase ends by its count or by `stop`
---@field stop? string `nil`; "func.output": the phase ends when that scalar was not zero in its latest call

---@class nn.OptimizerOptions
---@field [1] any a tree of parameters; further ones may follow. A table that has an option among its keys is a group: `{ tree…, lr = …, an option = … }`, with the options given beside it for the rest

---@class nn.Optimizer moves parameters; every state in it may be assigned
---@field parameters nn.Tensor[] in the order in which they were made
---@field lr nn.Rate of all groups that have none of their own
---@field t nn.Tensor i32 []: complete steps
---@field step fun(self: nn.Optimizer, f: fun(): nn.Tensor, ...): nn.Tensor opt:step(f) calls f, differentiates its first result, updates, and gives all that f gave
---@field update fun(self: nn.Optimizer, gradients: table) opt:update(gradients) with gradients that one has: a list in the order of `parameters`, or a tree like what the optimizer was given

---@class nn.Average what nn.EMA gives
---@field update fun() moves the averages: call it after each step
---@field swap fun() exchanges parameters and averages: before evaluating, and again after it
---@field values fun(): nn.Tensor[] the averages as tensors
