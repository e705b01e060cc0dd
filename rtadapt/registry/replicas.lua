-- Notes what a process says of itself and drops those that said it too long ago. The server's clock is the only one that counts.
-- KEYS: replicas, workers or reading (name -> 'deadline in ms|info as JSON').
-- ARGV: nothing to look only, or name, lifetime in ms, info.  Returns the live ones:
-- names, and 'ms left|info'.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
if #ARGV > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f|', now + tonumber(ARGV[2])) .. ARGV[3])
end
local live = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if tonumber(string.match(all[i + 1], '^%d+')) > now then
    live[#live + 1] = all[i]
    local deadline, said = string.match(all[i + 1], '^(%d+)|(.*)$')
    live[#live + 1] = string.format('%.0f|', tonumber(deadline) - now) .. said
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return live
