-- Takes all that is asked or nothing. The first of the broken limits is named; but what a budget before it has spent must be known first.
if is_stranger() then return {'stranger'} end
local client_now, count = number(), number()

local function optional(read)
  local given = arg()
  return given ~= '' and read(given) or nil
end

local asks = {}
for a = 1, count do
  local ask = {tokens = amount(arg()), money = amount(arg()), demands = {}}
  for d = 1, number() do
    local demand = {
      scope = arg(),
      limits = {
        rpm = optional(tonumber), tpm = optional(amount), rpd = optional(tonumber), concurrency = optional(tonumber),
      },
      edition = arg(),
    }
    demand.is_limited = next(demand.limits) ~= nil
    if demand.edition ~= '' then demand.amount, demand.span = amount(arg()), arg() end
    ask.demands[d] = demand
  end
  asks[a] = ask
end

local unknown = {}
local function refuse(a, d, kind, wait)
  if #unknown > 0 then return {'unseeded', unknown} end
  return {'refused', a, d, kind, wait}
end

local function check()
  for a, ask in ipairs(asks) do
    for d, demand in ipairs(ask.demands) do
      if demand.is_limited then
        local kind, wait = broken(scope_of(demand.scope), demand.limits, ask.tokens)
        if kind then return refuse(a, d, kind, wait) end
      end
      if demand.edition ~= '' and not is_zero(ask.money) then
        local purse = known_purse(budget_of(demand.scope, demand.edition), demand.span, client_now)
        local kind = purse and withheld(purse, demand.amount, ask.money)
        if kind then return refuse(a, d, kind, 0) end
        if not purse then unknown[#unknown + 1] = {a, d} end
      end
    end
  end
  if #unknown > 0 then return {'unseeded', unknown} end
end

-- A scope that is demanded twice under one permit is counted once, and gives its money once.
local rooms = {}
local function take(ask)
  local held, paid = {}, {}
  for _, demand in ipairs(ask.demands) do
    if demand.is_limited then
      local scope, limits = scope_of(demand.scope), demand.limits
      local hold = held[demand.scope]
      if not hold then
        hold = {}
        held[demand.scope] = hold
        scope.mine, scope.is_changed = scope.mine + 1, true
      end
      if (limits.rpm or limits.tpm) and not hold.is_reserved then
        add(scope, 1, ask.tokens)
        hold.is_reserved = true
      end
      if limits.rpd and not hold.is_in_day then
        add_to_day(scope, 1)
        hold.is_in_day = true
      end
      local reset = scope.newest and math.max(scope.newest.last + MINUTE - now, 0) or 0
      rooms[#rooms + 1] = {scope.requests, text(scope.tokens), reset}
    end
    local purse = demand.edition .. ' ' .. demand.scope .. ' ' .. (demand.span or '')
    if demand.edition ~= '' and not is_zero(ask.money) and not paid[purse] then
      paid[purse] = true
      hold(budget_of(demand.scope, demand.edition), demand.span, ask.money)
    end
  end
end

local refusal = check()
if not refusal then
  for _, ask in ipairs(asks) do take(ask) end
end
save_scopes()
save_budgets()
return refusal or {'taken', math.floor(now / STEP), rooms, math.floor(today / DAY)}
