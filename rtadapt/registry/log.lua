-- The number of an event log: 0 for the first one that the registry meets, then 1, 2, and the same for ever; or until an
-- operator says that it begins anew.
-- KEYS: the numbers.  ARGV: the log's identity; 'anew' to give it the next number, and the change's id.
local number = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == 'anew' and number and redis.call('HEXISTS', KEYS[1], 'change ' .. ARGV[3]) == 0 then
  -- The old number stays taken, under another name; and a change that is sent again was made.
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('HSET', KEYS[1], 'change ' .. ARGV[3], number)
  number = nil
end
if not number then
  number = redis.call('HLEN', KEYS[1])
  redis.call('HSET', KEYS[1], ARGV[1], number)
end
return tonumber(number)
