-- Named requests. A name is a hash of its own; two sorted sets know which are finished and which have an answer, from the oldest.
local verb, name, claim = arg(), arg(), arg()
local key, names, answers, bytes = P .. 'n:' .. name, P .. 'names', P .. 'answers', P .. 'answer_bytes'
local entry = redis.call('HMGET', key, 'content', 'claim', 'state', 'until')
local is_there = entry[1] and now < tonumber(entry[4])
local is_mine = entry[1] and entry[2] == claim

if verb == 'claim' then
  local content, claimed_for = arg(), number()
  if is_there then
    if entry[1] ~= content then return {'different'} end
    -- Asked once more, because the answer was lost.
    if is_mine and entry[3] == 'in_flight' then return {'claimed'} end
    if entry[3] == 'answered' then return {'answered', redis.call('HGET', key, 'answer')} end
    return {entry[3]}
  end
  redis.call('DEL', key)
  redis.call('HSET', key, 'content', content, 'claim', claim, 'state', 'in_flight', 'until', whole(now + claimed_for))
  redis.call('PEXPIRE', key, math.ceil(claimed_for / 1000))
  return {'claimed'}
end

if not is_mine or entry[3] ~= 'in_flight' then return {'passed_over'} end
if verb == 'give_back' then
  redis.call('DEL', key)
  return {'given_back'}
end

local kept_for, most_bytes, most_names, state, answer = number(), number(), number(), arg(), arg()
redis.call('HSET', key, 'state', state, 'until', whole(now + kept_for))
redis.call('PEXPIRE', key, math.ceil(kept_for / 1000))
redis.call('ZADD', names, whole(now), name)
if state == 'answered' then
  redis.call('HSET', key, 'answer', answer)
  redis.call('ZADD', answers, whole(now), name .. ':' .. claim .. ':' .. whole(#answer))
  redis.call('INCRBY', bytes, #answer)
end

local function forget(member)
  local of, by, size = member:match('^([^:]+):([^:]+):(%d+)$')
  redis.call('DECRBY', bytes, size)
  return P .. 'n:' .. of, by
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', answers, '-inf', whole(now - kept_for))) do
  redis.call('ZREM', answers, member)
  forget(member)
end
redis.call('ZREMRANGEBYSCORE', names, '-inf', whole(now - kept_for))
-- An answer is forgotten before its name, which then says that the request was carried out and no more.
while tonumber(redis.call('GET', bytes) or '0') > most_bytes do
  local oldest = redis.call('ZPOPMIN', answers)[1]
  if not oldest then
    redis.call('DEL', bytes)
    break
  end
  local of, by = forget(oldest)
  if redis.call('HGET', of, 'claim') == by then
    redis.call('HSET', of, 'state', 'spent')
    redis.call('HDEL', of, 'answer')
  end
end
while redis.call('ZCARD', names) > most_names do
  local oldest = P .. 'n:' .. redis.call('ZPOPMIN', names)[1]
  if redis.call('HGET', oldest, 'state') ~= 'in_flight' then redis.call('DEL', oldest) end
end
return {'finished'}
