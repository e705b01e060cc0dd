-- Counts how often something was begun at each place, and gives the counts.  KEYS: attempts.  ARGV: lifetime in ms, then places.
local counts = {}
for i = 2, #ARGV do
  counts[#counts + 1] = redis.call('HINCRBY', KEYS[1], ARGV[i], 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return counts
