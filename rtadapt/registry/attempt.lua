-- Notes that a process began something at each place, and gives how many processes did without ending it. Sent again, it counts once.
-- KEYS: attempts.  ARGV: lifetime in ms, the process, then places.
local counts = {}
for i = 3, #ARGV do
  local begun = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if not string.find(begun .. ' ', ' ' .. ARGV[2] .. ' ', 1, true) then
    begun = begun .. ' ' .. ARGV[2]
    redis.call('HSET', KEYS[1], ARGV[i], begun)
  end
  counts[#counts + 1] = select(2, string.gsub(begun, '%S+', ''))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return counts
