---@meta
-- movement.d.lua: shapes, parts, reductions, products, rows by index.

---@class nn.Tensor
local methods = {}

--- The same elements in row-major order.
---@param x nn.Tensor [..]
---@param shape integer[] one size may be -1: what is left
---@return nn.Tensor [shape]
function methods.reshape(x, shape) end

--- Two dimensions exchanged, or all of them in a new order: x:transpose { 3, 1, 2 } has x's third dimension first (permute).
---@param x nn.Tensor [..]
---@param a integer|integer[] a dimension, or the list
---@param b? integer `nil` with a list
---@return nn.Tensor
function methods.transpose(x, a, b) end

--- Dimensions of 1 repeated, and new ones in front; nn.expand also takes -1.
---@param x nn.Tensor [..]
---@param shape integer[]
---@return nn.Tensor [shape]
function methods.broadcast(x, shape) end

--- Positions first to last along dim, both included: x:slice(1, 2, 3) is x[1:3] in Python.
---@param x nn.Tensor [..]
---@param dim integer
---@param first integer from 1; -1 is the last
---@param last? integer `-1`
---@param step? integer `1`, at least 1
---@return nn.Tensor
function methods.slice(x, dim, first, last, step) end

--- Position i along dim, without that dimension; x[i] is x:select(1, i).
---@param x nn.Tensor [..]
---@param dim integer
---@param i integer from 1; -1 is the last
---@return nn.Tensor
function methods.select(x, dim, i) end

--- More elements along one dimension.
---@param x nn.Tensor [..]
---@param dim integer
---@param before integer at least 0
---@param after? integer `0`
---@param value? number `0`
---@return nn.Tensor
function methods.pad(x, dim, before, after, value) end

--- From the other end along the dimensions.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@return nn.Tensor [..]
function methods.reverse(x, dims) end

---@class nn.WindowOptions
---@field dims integer|integer[]
---@field size integer|integer[] a number for each of dims, or one for all
---@field stride? integer|integer[] `1`
---@field dilation? integer|integer[] `1`

--- Sliding windows, as a view: y[.., o, .., t] = x[.., o stride + t dilation, ..]. Their places stand in the dimension's place, their insides are the last dimensions.
---@param x nn.Tensor [..]
---@param options nn.WindowOptions
---@return nn.Tensor
function methods.window(x, options) end

---@class nn.UnwindowOptions: nn.WindowOptions
---@field extent integer|integer[] the sizes of dims in the result

--- The adjoint of x:window: every element of the windows added at the place that it came from.
---@param x nn.Tensor windows
---@param options nn.UnwindowOptions
---@return nn.Tensor
function methods.unwindow(x, options) end

--- The sum over dims; bools and u8 add up as i32, 16-bit floats in f32, rounded at the end.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@return nn.Tensor
function methods.sum(x, dims, keep) end
methods.prod = methods.sum -- the product; its gradient needs no division: zeros are nothing special
methods.max = methods.sum -- the largest, NaN where there is one; of equals the first gets the whole gradient (torch.amax shares it)
methods.min = methods.sum -- the smallest, NaN where there is one; of equals the first gets the whole gradient

--- The first position (from 0) of the largest along one dimension, or of all elements in row-major order.
---@param x nn.Tensor [..]
---@param dim? integer `nil`: all
---@param keep? boolean `false`
---@return nn.Tensor i32
function methods.argmax(x, dim, keep) end
methods.argmin = methods.argmax -- of the smallest

--- Sums of all elements up to each one along dim, in ascending order.
---@param x nn.Tensor [..]
---@param dim integer
---@return nn.Tensor [..]
function methods.cumsum(x, dim) end

--- As torch.matmul: [.., m, k] [.., k, n] to [.., m, n], batch dimensions broadcast; a vector is a row on the left, a column on the right, and its dimension goes. 16-bit
--- floats accumulate in f32.
---@param a nn.Tensor
---@param b nn.Tensor
---@return nn.Tensor
function methods.matmul(a, b) end

--- A contraction: sums over pairs of dimensions; the result has the batch dimensions, then the others of a, then those of b.
---@param a nn.Tensor
---@param b nn.Tensor
---@param dims_a integer|integer[] summed over
---@param dims_b integer|integer[] their partners
---@param batch_a? integer|integer[] `nil`: none
---@param batch_b? integer|integer[] `nil`: none
---@return nn.Tensor
function methods.dot(a, b, dims_a, dims_b, batch_a, batch_b) end

--- Rows along dim by index (torch.index_select for any shape of index): the index's dimensions stand in dim's place. A number out of range takes the first or the last row.
---@param x nn.Tensor [.., n, ..]
---@param dim integer
---@param index nn.Tensor whole numbers from 0, [i…]
---@return nn.Tensor [.., i…, ..]
function methods.gather(x, dim, index) end

--- x with rows added at, or replaced by, what stands for them in `source`; in ascending order, the last row wins a "set". It works in the memory of x where x is not read
--- afterwards, a state that is assigned too: a cache costs the rows that are written. Gradients: of x as it is, 0 in replaced rows; of source the rows at index.
---@param x nn.Tensor [.., n, ..]
---@param dim integer
---@param index nn.Tensor whole numbers from 0, [i…]; out of range: the first or the last row
---@param source nn.Tensor [.., i…, ..]
---@param mode? "add"|"set" `"add"`
---@return nn.Tensor like x
function methods.scatter(x, dim, index, source, mode) end
