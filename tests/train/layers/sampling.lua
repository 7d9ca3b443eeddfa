-- sampling.lua: filtered distributions of a language model (tests/oracle/library/sampling.py), each with options that are known when the model is
-- compiled, and again (named …_given) with options that are values of buffers.
local nn = require "nn"
local formula, cases = require "formula", require "cases"

local INF = math.huge
local TIES = { { 1.0, 3.0, 3.0, 0.0, 3.0, 1.0, 1.0 }, { 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0 } }
local MASKED = { { 0.5, -INF, 2.0, -INF, 1.0, 1.5, -INF }, { -INF, -INF, -INF, 1.0, -INF, -INF, -INF } }

local function case(name, x, options)
  local given = {}
  for key, value in pairs(options) do given[key] = nn.buffer({}, value) end
  for ending, of in pairs { [""] = options, _given = given } do
    cases.add(name .. ending, function()
      local kept = nn.filtered_logits(x(), of)
      return { y = formula.project(kept:softmax(-1), 50), kept = kept:gt(-INF):cast("i32"):sum() }
    end)
  end
end

local function drawn() return formula.tensor(4, { 5, 37 }, 3) end
local function ties() return nn.constant(TIES) end
local function masked() return nn.constant(MASKED) end
case("plain", drawn, {})
case("warm", drawn, { temperature = 1.7 })
case("cold", drawn, { temperature = 0.3 })
case("greedy", drawn, { temperature = 0.0, top_k = 9, top_p = 0.9 })
case("k", drawn, { top_k = 5 })
case("k_one", drawn, { top_k = 1 })
case("k_all", drawn, { top_k = 37 })
case("k_more", drawn, { top_k = 1000 })
case("p", drawn, { top_p = 0.81 })
case("p_most", drawn, { top_p = 0.997 })
case("p_tiny", drawn, { top_p = 1e-9 })
case("p_zero", drawn, { top_p = 0.0 })
case("p_one", drawn, { top_p = 1.0 })
case("all", drawn, { temperature = 0.7, top_k = 12, top_p = 0.77 })
case("ties_k", ties, { top_k = 2 })
case("ties_k_below", ties, { top_k = 4 })
case("ties_p", ties, { top_p = 0.4 })
case("ties_greedy", ties, { temperature = 0.0 })
case("masked_k", masked, { top_k = 6 })
case("masked_p", masked, { top_p = 0.6 })
case("masked_both", masked, { top_k = 2, top_p = 0.9, temperature = 2.0 })

return cases.program("sampling", {})
