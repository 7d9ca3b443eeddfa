-- control.lua: loops, branches and what else runs a function as a body: scan, while_loop, cond, vmap, checkpoint,
-- functional_call, custom_gradient, all_mean (LANGUAGE.md, section 3). Trees are taken apart here; control.c makes the nodes.
local nn, core = ...

local function check_function(what, which, f)
  if type(f) ~= "function" and core.kind(f) ~= nil and type(f) == "table" then return f end
  if type(f) ~= "function" then core.fail("function_wanted", what, which, core.what(f)) end
  return f
end

-- The tensors of a tree (numbers become constants), and the function that puts such a list into the tree's form. A module
-- stands for the list of its parameters; nil is a tree without leaves.
local function take_apart(what, tree)
  local list = {}
  local function walk(t)
    if type(t) == "number" or type(t) == "boolean" then t = nn.constant(t) end
    if core.is_tensor(t) then
      list[#list + 1] = t
      return #list
    end
    if type(t) ~= "table" then core.fail("tree_leaf", what, core.what(t)) end
    if core.kind(t) then t = nn.parameters(t) end
    local form = {}
    for key, value in pairs(t) do form[key] = walk(value) end
    return form
  end
  local form = tree ~= nil and walk(tree) or nil
  local function put_together(values)
    local function build(f)
      if type(f) == "number" then return values[f] end
      local t = {}
      for key, value in pairs(f) do t[key] = build(value) end
      return t
    end
    if form == nil then return nil end
    return build(form)
  end
  return list, put_together, form
end

local function same_form(a, b)
  if type(a) ~= type(b) then return false end
  if type(a) ~= "table" then return a == b end
  for key, value in pairs(a) do if not same_form(value, b[key]) then return false end end
  for key in pairs(b) do if a[key] == nil then return false end end
  return true
end

-- What a body hands on must be like what it was given: same form, shapes, dtypes. Numbers take the carry's dtype.
local function check_carry(what, given, given_form, next)
  local list, _, form = take_apart(what, next)
  if not same_form(given_form, form) then
    core.fail("control_tree", what, "its body must return the carry in the form in which it came: the same fields, each a tensor")
  end
  for i, value in ipairs(list) do
    local old = given[i]
    local same = value.dtype == old.dtype and value.rank == old.rank
    for d = 1, old.rank do same = same and value.shape[d] == old.shape[d] end
    if not same then core.fail("control_carry", what, core.tensor_text(old), core.tensor_text(value)) end
  end
  return list
end

-- The inputs of the open body for these tensors, named by their fields in the tree.
local function bind_all(list, row, form)
  local bound, names = {}, {}
  local function walk(f, path)
    if type(f) ~= "table" then names[f or 0] = path return end
    for key, value in pairs(f) do
      local name = type(key) == "string" and key or nil
      walk(value, path and name and path .. "_" .. name or name or path)
    end
  end
  walk(form, nil)
  for i, x in ipairs(list) do bound[i] = core.bind(x, row, names[i]) end
  return bound
end

-- The common number of rows of a list of arrays.
local function count_rows(what, list, length)
  for i, x in ipairs(list) do
    if x.rank < 1 then core.fail("layer_input", what, "arrays of rows", core.tensor_text(x)) end
    if length and x.shape[1] ~= length then
      core.fail("control_rows", what, core.tensor_text(x), tostring(length), i > 1 and core.tensor_text(list[1]) or "length")
    end
    length = x.shape[1]
  end
  return length
end

-- ---- scan: f(carry, row) -> next carry, result?; the rows run along dimension 1 of every tensor of xs; without xs the
-- row is the number of the turn, from 0. Returns the last carry and the results of all turns, stacked. ----

local function scan_once(f, init, xs, length, reverse, kind)
  local given, carry_of, form = take_apart("nn.scan", init)
  local rows, row_of, row_form = take_apart("nn.scan", xs)
  length = count_rows("nn.scan", rows, length)
  if not length then core.fail("field_missing", "nn.scan", "xs or a length") end
  core.body("a body of nn.scan", true, length)
  local carry, row = bind_all(given, false, form), bind_all(rows, true, row_form)
  local next, result = f(carry_of(carry), xs == nil and core.turn() or row_of(row))
  local carried = check_carry("nn.scan", carry, form, next)
  local results, stacked_of = take_apart("nn.scan", result)
  local last, stacked = core.close_scan(carried, results, length, reverse, kind)
  return carry_of(last), stacked_of(stacked)
end

-- The rows of xs (the numbers of the turns without it) as [T / each, each, …], and the way back for what comes out.
local function cut_turns(xs, length, parts)
  local rows, row_of = take_apart("nn.scan", xs)
  length = count_rows("nn.scan", rows, length)
  if not length then core.fail("field_missing", "nn.scan", "xs or a length") end
  local number, each = parts(length)
  if number * each ~= length then
    core.fail("control_tree", "nn.scan", length .. " turns do not divide into " .. number .. " segments of " .. each)
  end
  if xs == nil then rows, row_of = { nn.iota(length) }, function(list) return list[1] end end
  local cut = {}
  for i, x in ipairs(rows) do
    local shape = { number, each }
    for d = 2, x.rank do shape[d + 1] = x.shape[d] end
    cut[i] = x:reshape(shape)
  end
  return cut, row_of, number, each
end

local function join_turns(last, stacked)
  if stacked == nil then return last end
  return last, nn.map(function(y)
    local shape = { y.shape[1] * y.shape[2] }
    for d = 3, y.rank do shape[d - 1] = y.shape[d] end
    return y:reshape(shape)
  end, stacked)
end

-- checkpoint = k: k segments, of which only the carries at their starts are kept; each is computed again in reverse
-- (Chen et al. 2016). The length must divide into them. One turn a segment: nothing but carries is kept, and what a turn
-- makes has the size of one turn.
local function scan_segments(f, init, xs, length, reverse, segments)
  local cut, row_of, number, each = cut_turns(xs, length, function(all) return segments, all // segments end)
  if each == 1 then
    return scan_once(function(carry, row) return nn.checkpoint(f, carry, row) end, init, xs, number, reverse, "frugal")
  end
  return join_turns(scan_once(function(carry, part)
    return nn.checkpoint(function(c, p) return scan_once(f, c, row_of(p), each, reverse) end, carry, part)
  end, init, cut, number, reverse, "frugal"))
end

-- k turns one after the other: f's calls stand in the graph k times. `part`: a list of arrays of k rows.
local function turns_written_out(f, carry, part, row_of, k, reverse)
  local results = {}
  for turn = 1, k do
    local at = reverse and k + 1 - turn or turn
    local row = {}
    for i, x in ipairs(part) do row[i] = x:select(1, at) end
    carry, results[at] = f(carry, row_of(row))
  end
  if results[1] == nil then return carry end
  return carry, nn.map(function(...) return nn.stack({ ... }, 1) end, table.unpack(results))
end

-- unroll = k: a loop of T / k turns; with k = T there is none.
local function scan_unrolled(f, init, xs, length, reverse, k)
  local cut, row_of, number = cut_turns(xs, length, function(all) return all // k, k end)
  if number > 1 then
    return join_turns(scan_once(function(carry, part)
      return turns_written_out(f, carry, part, row_of, k, reverse)
    end, init, cut, number, reverse))
  end
  local given, carry_of, form = take_apart("nn.scan", init)
  local function turn(carry, row)
    local next, result = f(carry, row)
    return carry_of(check_carry("nn.scan", given, form, next)), result
  end
  local rows = {}
  for i, x in ipairs(cut) do rows[i] = x:select(1, 1) end
  return turns_written_out(turn, carry_of(given), rows, row_of, k, reverse)
end

---@class nn.ScanOptions
---@field length? integer `nil`: the rows of xs; the number of turns where there is no xs
---@field reverse? boolean `false`; true: the last row first; results keep the rows' order
---@field checkpoint? integer `nil`; k: k segments, of which only the first carries are kept for the gradient (Chen et al. 2016); the length must divide by it
---@field unroll? integer `nil`; k: k turns are written out in each turn of the loop, all of them with k = the length (no loop is left); the length must divide by it

--- A loop: carry, result = f(carry, row) for each row along dimension 1 of every tensor of `xs`. Without `xs` the row is the number of the
--- turn, i32 from 0. f is traced once; the carry keeps its form, shapes and dtypes. Trees as everywhere; numbers become constants.
---@param f fun(carry, row): any, any
---@param init any the first carry, a tree
---@param xs? any `nil`: a tree of tensors [T, …] with equal T
---@param options? nn.ScanOptions `{}`
---@return any last the last carry
---@return any stacked the results of all turns [T, …]
function nn.scan(f, init, xs, options)
  check_function("nn.scan", "its first argument", f)
  core.fields("nn.scan", options, { length = "number", reverse = "boolean", checkpoint = "number", unroll = "number" })
  options = options or {}
  local length = options.length and core.count("nn.scan", "length", options.length)
  if options.unroll then
    if options.checkpoint then core.fail("source_options", "nn.scan", "unroll", "checkpoint") end
    return scan_unrolled(f, init, xs, length, options.reverse or false, core.count("nn.scan", "unroll", options.unroll))
  end
  if options.checkpoint then
    return scan_segments(f, init, xs, length, options.reverse or false, core.count("nn.scan", "checkpoint", options.checkpoint))
  end
  return scan_once(f, init, xs, length, options.reverse or false)
end

-- ---- while_loop: as long as test(carry) holds, carry = body(carry) ----

local function is_bool_scalar(x) return core.is_tensor(x) and x.dtype == "bool" and x.rank == 0 end

--- carry = body(carry) as long as test(carry) holds; the number of turns is found at run time. No reverse derivative passes it: use nn.scan or
--- nn.custom_gradient; nn.grad inside is fine. The test may not assign.
---@param test fun(carry): nn.Tensor one bool []
---@param body fun(carry): any the next carry: same form, shapes, dtypes
---@param init any the first carry, a tree
---@return any last
function nn.while_loop(test, body, init)
  check_function("nn.while_loop", "its first argument", test)
  check_function("nn.while_loop", "its second argument", body)
  local given, carry_of, form = take_apart("nn.while_loop", init)
  core.body("the test of nn.while_loop", true)
  local go = test(carry_of(bind_all(given, false, form)))
  if not is_bool_scalar(go) then
    core.fail("layer_input", "nn.while_loop", "a test that gives one bool", core.is_tensor(go) and core.tensor_text(go) or core.what(go))
  end
  core.output(go)
  local tested = core.leave()
  core.body("a body of nn.while_loop", true)
  local carry = bind_all(given, false, form)
  local next = check_carry("nn.while_loop", carry, form, body(carry_of(carry)))
  return carry_of(core.close_while(tested, nil, next))
end

-- ---- cond: the results of a() if p holds, else those of b(); only that one runs. Without b: assigns only. ----

local function results_of(what, f)
  local packed = table.pack(f())
  local list, put_together, form = take_apart(what, packed.n > 0 and { table.unpack(packed, 1, packed.n) } or nil)
  return list, put_together, form, packed.n
end

--- The results of a() where p holds, else of b(); only the taken branch runs (inside nn.vmap, with a p that differs from row to row, both run).
--- Both give results of one form, shapes and dtypes. Without b, a assigns and returns nothing.
---@param p nn.Tensor one bool []
---@param a fun(): any
---@param b? fun(): any `nil`
---@return any results all that the branch returned
function nn.cond(p, a, b)
  check_function("nn.cond", "its second argument", a)
  if b ~= nil then check_function("nn.cond", "its third argument", b) end
  if not is_bool_scalar(p) then
    core.fail("layer_input", "nn.cond", "one bool to decide by", core.is_tensor(p) and core.tensor_text(p) or core.what(p))
  end
  core.body("a branch of nn.cond", false)
  local first, together, form, count = results_of("nn.cond", a)
  local body = core.leave()
  if not b and #first > 0 then core.fail("control_tree", "nn.cond", "without a second function the first one may assign, but returns nothing") end
  core.body("a branch of nn.cond", false)
  local second, second_form = {}, nil
  if b then second, _, second_form = results_of("nn.cond", b) end
  if b and not same_form(form, second_form) then core.fail("control_tree", "nn.cond", "its two functions return results of different forms") end
  for i, x in ipairs(first) do
    if core.tensor_text(x) ~= core.tensor_text(second[i]) then
      core.fail("control_tree", "nn.cond", "its two functions return " .. core.tensor_text(x) .. " and " .. core.tensor_text(second[i]))
    end
  end
  local results = core.close_cond(p, body, first, second)
  if count == 0 or form == nil then return end
  return table.unpack(together(results), 1, count)
end

-- ---- vmap: f on the rows of its arguments, results stacked: a scan without a carry ----

--- f on the rows of its arguments, results stacked along a new dimension 1 (torch.func.vmap with in_dims = 0). Done for all rows at once where it
--- can; draws differ from row to row. f may not assign states.
---@param f function
---@param ... any trees of tensors [N, …] with equal N
---@return any results trees of tensors [N, …]
function nn.vmap(f, ...)
  check_function("nn.vmap", "its first argument", f)
  local arguments = table.pack(...)
  local rows, row_of, form = take_apart("nn.vmap", { table.unpack(arguments, 1, arguments.n) })
  local length = count_rows("nn.vmap", rows)
  if not length then core.fail("vmap_rows", arguments.n == 0 and "there is nothing behind the function" or "what is behind the function has none") end
  core.body("a body of nn.vmap", true, length)
  local results = table.pack(f(table.unpack(row_of(bind_all(rows, true, form)), 1, arguments.n)))
  local list, together = take_apart("nn.vmap", { table.unpack(results, 1, results.n) })
  local _, stacked = core.close_scan({}, list, length, false, "independent")
  return table.unpack(together(stacked), 1, results.n)
end

-- ---- checkpoint: f(…), of which the reverse pass keeps nothing but the arguments ----

--- f(…), of which the reverse pass keeps the arguments alone and computes the rest again, with the same draws (Chen et al. 2016; torch.utils.checkpoint).
--- What f assigns is assigned once.
---@param f function
---@param ... any
---@return any results all that f returned
function nn.checkpoint(f, ...)
  check_function("nn.checkpoint", "its first argument", f)
  local arguments = table.pack(...)
  core.body("nn.checkpoint", false)
  local list, together, form, count = results_of("nn.checkpoint", function() return f(table.unpack(arguments, 1, arguments.n)) end)
  local results = core.close_checkpoint(list)
  if form == nil then return end
  return table.unpack(together(results), 1, count)
end

-- ---- functional_call: f(…) as if the states held `values`; what f would have left in them, then its results ----

local function state_list(tree)
  local list, together = take_apart("nn.functional_call", tree)
  for _, s in ipairs(list) do
    if core.kind(s) ~= "state" then core.fail("state_wanted", "nn.functional_call", core.what(s)) end
  end
  return list, together
end

--- f(…) as if the states held `values` (torch.func.functional_call). What f assigns to these states becomes `new_values` and leaves the states
--- alone; assigns to other states go through.
---@param states any a tree of states; a module stands for its parameters
---@param values any tensors in the same order, with the states' shapes and dtypes
---@param f function a module, or any function
---@param ... any its arguments
---@return any new_values in the form of states
---@return any results all that f returned
function nn.functional_call(states, values, f, ...)
  check_function("nn.functional_call", "its third argument", f)
  local list, together = state_list(states)
  local given = take_apart("nn.functional_call", values)
  if #given ~= #list then core.fail("control_tree", "nn.functional_call", #list .. " states for " .. #given .. " values") end
  for i, s in ipairs(list) do
    if core.tensor_text(s) ~= core.tensor_text(given[i]) then
      core.fail("control_tree", "nn.functional_call", "the value " .. core.tensor_text(given[i]) .. " stands for the state " .. core.tensor_text(s))
    end
  end
  local arguments = table.pack(...)
  local results = table.pack(core.substitute(list, given, function() return f(table.unpack(arguments, 1, arguments.n)) end))
  return together(results[1]), table.unpack(results, 2, results.n)
end

-- ---- custom_gradient: forward(…) -> y, residuals; backward(residuals, dy) -> one tree per argument ----

-- The gradients of one argument, as a list in the order of its leaves; nil: none.
local function argument_gradients(what, form, tree)
  local list, _, given = take_apart(what, tree)
  if tree ~= nil and not same_form(form, given) then
    core.fail("control_tree", what, "its backward function must return one gradient per argument, each in the form of the argument")
  end
  return list
end

--- A function with a gradient of its own (torch.autograd.Function). forward(…) gives y and residuals; backward(residuals, dy) one tree a gradient for
--- each argument, in the argument's form, nil for none. What backward reads must be a residual; parameters used inside are arguments.
---@param forward fun(...): any, any
---@param backward fun(residuals, dy): any
---@return fun(...): any
function nn.custom_gradient(forward, backward)
  check_function("nn.custom_gradient", "its first argument", forward)
  check_function("nn.custom_gradient", "its second argument", backward)
  return function(...)
    local what, arguments = "nn.custom_gradient", table.pack(...)
    local leaves, forms, counts, plain = {}, {}, {}, {}
    for i = 1, arguments.n do
      local list, together, form = take_apart(what, arguments[i])
      plain[i], forms[i], counts[i] = together(list), form, #list
      table.move(list, 1, #list, #leaves + 1, leaves)
    end
    local y, residuals = forward(table.unpack(plain, 1, arguments.n))
    local values, value_of = take_apart(what, y)
    local kept, kept_of = take_apart(what, residuals)
    local results = core.custom(values, leaves, kept, function(operands, dy)
      local gradients = table.pack(backward(kept_of(table.move(operands, #values + #leaves + 1, #operands, 1, {})), value_of(dy)))
      local flat = {}
      for i = 1, arguments.n do
        local list = argument_gradients(what, forms[i], gradients[i])
        for k = 1, counts[i] do flat[#flat + 1] = list[k] or false end
      end
      return flat
    end)
    return value_of(results)
  end
end

--- The mean over the processes of a run; the value itself where there is one.
---@param tree any
---@return any
function nn.all_mean(tree)
  if core.is_tensor(tree) then return core.all_mean(tree) end
  return nn.map(core.all_mean, tree)
end
