-- Notes that a replica has, or cannot have, one version loaded, and moves the route when nobody is left to wait for.
-- KEYS: versions, route, retired, ready set, failed set.
-- ARGV: 'ready' or 'failed', version, replica, lifetime of the sets in ms, then the live replicas.
-- Returns {1 if the route moved, else 0; the route's fields and values}, or {'missing'}.
local state, version, replica = ARGV[1], ARGV[2], ARGV[3]
local route = redis.call('HMGET', KEYS[2], 'stable', 'canary', 'follow', 'history')
if not route[1] or (version ~= '0' and redis.call('HEXISTS', KEYS[1], version) == 0) then
  return {'missing'}
end
local joins, leaves = KEYS[4], KEYS[5]
if state == 'failed' then
  joins, leaves = KEYS[5], KEYS[4]
end
redis.call('SADD', joins, replica)
redis.call('SREM', leaves, replica)
redis.call('PEXPIRE', joins, ARGV[4])

local able, waited_for = 0, 0
if state == 'ready' then
  able = 1  -- whoever says ready is there, whether or not its heartbeat was counted
end
for i = 5, #ARGV do
  if ARGV[i] ~= replica then
    if redis.call('SISMEMBER', KEYS[4], ARGV[i]) == 1 then
      able = able + 1
    elseif redis.call('SISMEMBER', KEYS[5], ARGV[i]) == 0 then
      waited_for = waited_for + 1
    end
  end
end

local moved = 0
local forward = route[3] == '1' and tonumber(version) > tonumber(route[1])
if forward and able > 0 and waited_for == 0 and redis.call('SISMEMBER', KEYS[3], version) == 0 then
  moved = 1
  local history = {}
  for number in string.gmatch(route[4] .. ' ' .. route[1], '%d+') do
    history[#history + 1] = number
  end
  local newest = table.concat(history, ' ', math.max(1, #history - 19))
  redis.call('HSET', KEYS[2], 'stable', version, 'history', newest)
  redis.call('HINCRBY', KEYS[2], 'revision', 1)
  -- A trial of something that the stable version has reached or passed is over.
  if route[2] ~= '' and tonumber(route[2]) <= tonumber(version) then
    redis.call('HSET', KEYS[2], 'canary', '', 'share', '0')
  end
end
return {moved, redis.call('HGETALL', KEYS[2])}
