-- The limits of scopes. A scope is a hash (sums of the last minute, the day's count, calls in flight of each process) and a sorted
-- set of the steps of which the sums are made. A step counts whole until the last thing that happened in it is a minute old.
local MINUTE, STEP, DAY = 60000000, 250000, 86400000000
-- How long is kept what nobody asks for: in milliseconds, beyond the time for which it counts.
local SHORT, LONG = 120000, 180000000

local function read_step(member)
  local index, last, requests, tokens = member:match('^(%d+):(%d+):(%d+):(%d+)$')
  return {
    member = member, index = tonumber(index), last = tonumber(last), requests = tonumber(requests),
    tokens = amount(tokens),
  }
end

local function put_step(scope, step)
  step.member = table.concat({whole(step.index), whole(step.last), whole(step.requests), text(step.tokens)}, ':')
  redis.call('ZADD', scope.steps, whole(step.index), step.member)
end

local function edge(scope, place)
  local member = redis.call('ZRANGE', scope.steps, place, place)[1]
  return member and read_step(member)
end

-- The server's clock was set back: what lies ahead of it is taken to have happened now, so that it counts no shorter.
local function set_back(scope, newest)
  local by = math.floor((newest.last - now) / STEP)
  if by < 1 then return newest end
  local members = redis.call('ZRANGE', scope.steps, 0, -1)
  redis.call('DEL', scope.steps)
  for _, member in ipairs(members) do
    local step = read_step(member)
    step.index = math.max(step.index - by, 0)
    step.last = math.max(step.last - by * STEP, 0)
    put_step(scope, step)
    newest = step
  end
  return newest
end

local function expire(scope)
  local newest = edge(scope, -1)
  if newest and newest.last > now then newest = set_back(scope, newest) end
  if not newest or newest.last + MINUTE <= now then
    if newest then redis.call('DEL', scope.steps) end
    scope.is_changed = scope.is_changed or scope.requests > 0 or not is_zero(scope.tokens)
    scope.requests, scope.tokens, scope.newest = 0, ZERO, nil
    return
  end
  scope.newest = newest
  local oldest = edge(scope, 0)
  while oldest and oldest.last + MINUTE <= now do
    redis.call('ZREM', scope.steps, oldest.member)
    scope.requests = scope.requests - oldest.requests
    scope.tokens = minus(scope.tokens, oldest.tokens)
    scope.is_changed = true
    oldest = edge(scope, 0)
  end
end

local scopes = {}
local function scope_of(name)
  local scope = scopes[name]
  if scope then return scope end
  scope = {
    key = P .. 's:' .. name, steps = P .. 'w:' .. name,
    requests = 0, tokens = ZERO, count = 0, mine = 0, others = 0,
  }
  scopes[name] = scope
  local raw = redis.call('HGETALL', scope.key)
  for place = 1, #raw, 2 do
    local field, value = raw[place], raw[place + 1]
    if field == 'requests' then scope.requests = tonumber(value)
    elseif field == 'tokens' then scope.tokens = amount(value)
    elseif field == 'day' then scope.day = tonumber(value)
    elseif field == 'count' then scope.count = tonumber(value)
    else
      local process = field:match('^in:(.+)$')
      if process == me then scope.mine = tonumber(value)
      elseif process and lives(process) then scope.others = scope.others + tonumber(value)
      else redis.call('HDEL', scope.key, field) end
    end
  end
  expire(scope)
  return scope
end

local function save_scopes()
  for _, scope in pairs(scopes) do
    if scope.is_changed then
      redis.call('HSET', scope.key, 'requests', whole(scope.requests), 'tokens', text(scope.tokens))
      if scope.day then redis.call('HSET', scope.key, 'day', whole(scope.day), 'count', whole(scope.count)) end
      if scope.mine > 0 then redis.call('HSET', scope.key, 'in:' .. me, whole(scope.mine))
      else redis.call('HDEL', scope.key, 'in:' .. me) end
      local is_busy = scope.mine + scope.others > 0 or scope.day
      redis.call('PEXPIRE', scope.key, is_busy and LONG or SHORT)
      redis.call('PEXPIRE', scope.steps, SHORT)
    end
  end
end

local function add(scope, requests, tokens)
  local index = math.floor(now / STEP)
  local step = scope.newest
  if step and step.index >= index then
    redis.call('ZREM', scope.steps, step.member)
    step.last = math.max(step.last, now)
  else
    step = {index = index, last = now, requests = 0, tokens = ZERO}
    scope.newest = step
  end
  step.requests = step.requests + requests
  step.tokens = plus(step.tokens, tokens)
  put_step(scope, step)
  scope.requests = scope.requests + requests
  scope.tokens = plus(scope.tokens, tokens)
  scope.is_changed = true
end

-- Takes tokens back from the step that they were reserved in, if it still counts.
local function give_back(scope, index, tokens)
  local member = redis.call('ZRANGEBYSCORE', scope.steps, whole(index), whole(index))[1]
  if not member then return end
  local step = read_step(member)
  if scope.newest and scope.newest.index == index then step = scope.newest end
  redis.call('ZREM', scope.steps, member)
  local given = least(step.tokens, tokens)
  step.tokens = minus(step.tokens, given)
  put_step(scope, step)
  scope.tokens = minus(scope.tokens, given)
  scope.is_changed = true
end

-- A day's count begins anew when the calendar reaches a later day, not when it is set back by a few hours over midnight.
local function day_of(scope)
  local day = math.floor(today / DAY)
  if scope.day and scope.day - day >= 0 and scope.day - day <= 1 then return scope.day, scope.count end
  return day, 0
end

local function add_to_day(scope, requests)
  local day, count = day_of(scope)
  scope.day, scope.count, scope.is_changed = day, count + requests, true
end

-- A request that was counted in this day is none of it.
local function take_from_day(scope, day)
  if scope.day ~= day or scope.count < 1 then return end
  scope.count, scope.is_changed = scope.count - 1, true
end

-- So many requests were made in this day at least.
local function raise_day(scope, day, requests)
  local current, count = day_of(scope)
  if current ~= day or requests <= count then return end
  scope.day, scope.count, scope.is_changed = day, requests, true
end

local function wait_for(scope, excess, of)
  for _, member in ipairs(redis.call('ZRANGE', scope.steps, 0, -1)) do
    local step = read_step(member)
    excess = minus(excess, of(step))
    if is_zero(excess) then return math.min(step.last + MINUTE - now, MINUTE) end
  end
  return MINUTE
end

-- The first limit that a request of so many tokens would break: which, and how long to wait.
local function broken(scope, limits, tokens)
  if limits.rpm and scope.requests >= limits.rpm then
    local excess = scope.requests + 1 - limits.rpm
    return 'requests', wait_for(scope, {0, excess}, function(step) return {0, step.requests} end)
  end
  if limits.tpm then
    local excess = minus(plus(scope.tokens, tokens), limits.tpm)
    if not is_zero(excess) then return 'tokens', wait_for(scope, excess, function(step) return step.tokens end) end
  end
  if limits.rpd then
    local day, count = day_of(scope)
    if count >= limits.rpd then return 'daily_requests', math.min((day + 1) * DAY - today, DAY) end
  end
  if limits.concurrency and scope.mine + scope.others >= limits.concurrency then return 'concurrency', 1000000 end
end
