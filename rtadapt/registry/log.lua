-- The number of an event log: 0 for the first one that the registry meets, then 1, 2, and the same for ever.
-- KEYS: the numbers.  ARGV: the log's identity.
local number = redis.call('HGET', KEYS[1], ARGV[1])
if not number then
  number = redis.call('HLEN', KEYS[1])
  redis.call('HSET', KEYS[1], ARGV[1], number)
end
return tonumber(number)
