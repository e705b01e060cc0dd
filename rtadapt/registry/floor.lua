-- Raises a log's floor for one partition, never lowers it.  KEYS: floors of the log.  ARGV: partition, offset.
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before or tonumber(before) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
end
return 0
