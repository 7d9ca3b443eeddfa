---@meta
-- tensor.d.lua: element by element: operators under their names, functions of one number, comparisons. Operands broadcast; a number takes the
-- dtype of the tensor beside it; 16-bit floats compute in f32 and round once. Errors of the functions are in math.md.

---@class nn.Tensor
local methods = {}

--- a + b.
---@param a nn.Tensor|number
---@param b nn.Tensor|number
---@return nn.Tensor
function methods.add(a, b) end
methods.sub = methods.add -- a - b
methods.mul = methods.add -- a * b
methods.div = methods.add -- a / b; of integers floor(a / b), 0 where b is 0 (the operator `/` makes floats of integers first)
methods.mod = methods.add -- a - b floor(a / b), the sign of b; of integers 0 where b is 0. Gradient 1 and -floor(a / b)
methods.pow = methods.add -- a^b. Gradients where b is 0 or a is 0 with b at least 0 are finite: 0 there. `x ^ n` with n = 1, 2, 3, 4 is products, with 0.5 sqrt, with -0.5 rsqrt, with -1 a division
methods.maximum = methods.add -- the larger of both, NaN where either is; where they are equal each gets half the gradient
methods.minimum = methods.add -- the smaller of both, NaN where either is; where they are equal each gets half the gradient
methods.lt = methods.add -- a < b, bool; false where either is NaN
methods.le = methods.add -- a <= b, bool; false where either is NaN
methods.gt = methods.add -- a > b, bool; false where either is NaN
methods.ge = methods.add -- a >= b, bool; false where either is NaN
methods.eq = methods.add -- a == b, bool; false where either is NaN
methods.ne = methods.add -- a ~= b, bool; true where either is NaN
methods.logical_and = methods.add -- bits of integers, or of bools; the operator `&`
methods.logical_or = methods.add -- bits of integers, or of bools; the operator `|`
methods.logical_xor = methods.add -- bits of integers, or of bools; the operator `~`
methods.shl = methods.add -- a 2^b of integers; 0 where b is not below the width; the operator `<<`
methods.shr = methods.add -- floor(a / 2^b) of integers: arithmetic for signed, logical for unsigned; the operator `>>`
methods.mulhi = methods.add -- the upper half of the product of u32

--- -x.
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.neg(x) end
methods.abs = methods.neg -- |x|; the gradient at 0 is 0
methods.sign = methods.neg -- -1, 0 or 1, NaN stays; gradient 0
methods.sqrt = methods.neg -- the square root, IEEE; the gradient at 0 is infinite
methods.rsqrt = methods.neg -- 1 / sqrt(x), two roundings
methods.exp = methods.neg -- e^x; 0 below -87.33654 (f64 -708.3964)
methods.expm1 = methods.neg -- e^x - 1
methods.log = methods.neg -- the natural logarithm
methods.log1p = methods.neg -- log(1 + x)
methods.sin = methods.neg -- the sine, radians
methods.cos = methods.neg -- the cosine, radians
methods.tanh = methods.neg -- the hyperbolic tangent; module nn.Tanh
methods.erf = methods.neg -- 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x
methods.floor = methods.neg -- the largest whole number not above x; gradient 0
methods.logical_not = methods.neg -- the complement of integers' bits, or of a bool; the operator `~x`

--- a b + c with one rounding.
---@param a nn.Tensor|number
---@param b nn.Tensor|number
---@param c nn.Tensor|number
---@return nn.Tensor
function methods.fma(a, b, c) end

--- a where the condition holds, else b. What is not chosen gets a gradient of 0, but is computed: keep it finite by a where inside.
---@param condition nn.Tensor bool
---@param a nn.Tensor|number
---@param b nn.Tensor|number
---@return nn.Tensor
function methods.where(condition, a, b) end

--- The value in another dtype: floats to integers cut off and saturate, NaN gives 0; to bool: x ~= 0. Gradients go back between floats.
---@param x nn.Tensor [..]
---@param dtype string
---@return nn.Tensor [..]
function methods.cast(x, dtype) end

--- The same bits in another dtype of the same size. No gradient.
---@param x nn.Tensor [..]
---@param dtype string
---@return nn.Tensor [..]
function methods.bitcast(x, dtype) end
