-- What became of permits, in order, each once: what is not newer than what was applied last is passed over.
if is_stranger() then return {'stranger'} end
local applied = tonumber(redis.call('GET', P .. 'a:' .. process) or '0')

local function each(work)
  for _ = 1, number() do work() end
end
local function purse_arguments() return arg(), arg(), arg(), amount(arg()) end

-- Every deed reads all of its arguments, whether it is done or not.
local deeds = {}

function deeds.settle(is_new)
  local direction, difference, age = arg(), amount(arg()), number()
  each(function()
    local name, index = arg(), number()
    if not is_new then return end
    local scope = scope_of(name)
    if direction == 'more' then add(scope, 0, difference) else give_back(scope, index, difference) end
  end)
  each(function()
    local name, day = arg(), number()
    if is_new then take_from_day(scope_of(name), day) end
  end)
  each(function()
    local edition, scope, span, held = purse_arguments()
    if is_new then release(budget_of(scope, edition), span, held) end
  end)
  each(function()
    local edition, scope, span, cost = purse_arguments()
    if is_new then spend(budget_of(scope, edition), span, cost, age) end
  end)
end

function deeds.drop(is_new)
  each(function()
    local name = arg()
    if not is_new then return end
    local scope = scope_of(name)
    scope.mine, scope.is_changed = math.max(scope.mine - 1, 0), true
  end)
  each(function()
    local edition, scope, span, held = purse_arguments()
    if is_new then release(budget_of(scope, edition), span, held) end
  end)
end

-- What this process holds under its new name.
function deeds.introduce(is_new)
  each(function()
    local name, flights = arg(), number()
    if not is_new then return end
    local scope = scope_of(name)
    scope.mine, scope.is_changed = flights, true
  end)
  each(function()
    local edition, scope, span, held = purse_arguments()
    if not is_new then return end
    local budget = budget_of(scope, edition)
    set_held(budget, span, purse_of(budget, span), held)
  end)
end

-- What happened without this store, or what it lost.
function deeds.count(is_new)
  each(function()
    local name, requests, tokens, days, flights = arg(), number(), amount(arg()), number(), number()
    if not is_new then return end
    local scope = scope_of(name)
    if flights > 0 then scope.mine, scope.is_changed = scope.mine + flights, true end
    if requests > 0 or not is_zero(tokens) then add(scope, requests, tokens) end
    if days > 0 then add_to_day(scope, days) end
  end)
end

-- What the ledger knows of a day, which may be more than this store does.
function deeds.day(is_new)
  local day = number()
  each(function()
    local name, requests = arg(), number()
    if is_new then raise_day(scope_of(name), day, requests) end
  end)
end

-- The ledger has learned of something that this store may never have heard of: what every budget spent is asked of it anew.
function deeds.doubt(is_new)
  if not is_new then return end
  save_budgets()
  budgets, doubt = {}, whole(redis.call('INCR', P .. 'doubt'))
  redis.call('SET', P .. 'doubted', whole(now))
end

local last = applied
for _ = 1, number() do
  local sequence = number()
  deeds[arg()](sequence > last)
  last = math.max(last, sequence)
end
save_scopes()
save_budgets()
if last > applied then redis.call('SET', P .. 'a:' .. process, whole(last), 'PX', LONG) end
return {'applied'}
