-- Raises a log's floor for one partition, never lowers it, and notes up to where the partition was read.
-- KEYS: floors of the log.  ARGV: partition, offset, offset after the last one that was read.
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], 'read ' .. ARGV[1], ARGV[3])
if not before or tonumber(before) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  return 1
end
return 0
