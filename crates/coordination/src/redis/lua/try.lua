-- Counts a try, unless the rate is used up. A window is cut into steps, and a step counts whole until it has left the window.
local verb, name = arg(), arg()
-- Of each kind of scopes, which is their first word, the newest are kept: one that is free to make forgets no other.
local key, index = P .. 't:' .. name, P .. 'tries:' .. (name:match('^([^:]*):') or '')
if verb == 'forget' then
  redis.call('DEL', key)
  redis.call('ZREM', index, name)
  return {'forgotten'}
end
if verb == 'give_back' then
  local newest = redis.call('ZRANGE', key, -1, -1)[1]
  if newest then
    local last, count = newest:match('^(%d+):(%d+)$')
    redis.call('ZREM', key, newest)
    if tonumber(count) > 1 then redis.call('ZADD', key, last, last .. ':' .. whole(tonumber(count) - 1)) end
  end
  return {'given_back'}
end
local rate, window, most = number(), number(), number()
local steps, taken = {}, 0
for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
  local last, count = member:match('^(%d+):(%d+)$')
  last, count = tonumber(last), tonumber(count)
  if last + window <= now then redis.call('ZREM', key, member)
  else
    steps[#steps + 1] = {member = member, last = last, count = count}
    taken = taken + count
  end
end
if taken >= rate then
  local excess = taken - rate + 1
  for _, step in ipairs(steps) do
    excess = excess - step.count
    if excess <= 0 then return {'used_up', math.min(step.last + window - now, window)} end
  end
  return {'used_up', window}
end
local newest, width = steps[#steps], math.max(math.floor(window / 60), 1)
local count = 1
if newest and math.floor(newest.last / width) >= math.floor(now / width) then
  redis.call('ZREM', key, newest.member)
  count = newest.count + 1
end
local last = math.max(newest and newest.last or 0, now)
redis.call('ZADD', key, whole(last), whole(last) .. ':' .. whole(count))
redis.call('PEXPIRE', key, math.ceil(window / 1000) + 1000)
-- Scopes come from whoever sends requests: the one that was quiet for longest is forgotten.
redis.call('ZADD', index, whole(now), name)
local surplus = redis.call('ZCARD', index) - most
if surplus > 0 then
  local oldest = redis.call('ZPOPMIN', index, surplus)
  for place = 1, #oldest, 2 do redis.call('DEL', P .. 't:' .. oldest[place]) end
end
return {'taken'}
