-- A process says that it lives, and how many live is answered. One that takes a new name ends its old ones: whatever was sent under them
-- and arrives late is refused. Answered too: the epoch, and which of the process's deeds was the last to be applied.
local lease, count = number(), number()
if count == 0 then
  if is_stranger() then return {'stranger'} end
else
  local known = redis.call('GET', P .. 'epoch')
  if not known then
    known = me
    redis.call('SET', P .. 'epoch', known)
  end
  epoch = known
  for _ = 1, count do
    local former = arg()
    redis.call('ZREM', P .. 'processes', former)
    redis.call('SET', P .. 'r:' .. former, me, 'PX', 180000000)
  end
end
redis.call('ZREMRANGEBYSCORE', P .. 'processes', '-inf', whole(now))
-- No lease is longer than one that begins now: the clock was set back.
for _, other in ipairs(redis.call('ZRANGEBYSCORE', P .. 'processes', '(' .. whole(now + lease), '+inf')) do
  redis.call('ZADD', P .. 'processes', whole(now + lease), other)
end
redis.call('ZADD', P .. 'processes', whole(now + lease), me)
return {'lives', epoch, redis.call('GET', P .. 'a:' .. process) or '0', redis.call('ZCARD', P .. 'processes')}
