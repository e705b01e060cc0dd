-- Marks versions whose adapters, and those whose states, may be removed: no route can be moved to the former any more, and no
-- head back to the latter.
-- KEYS: head, versions, route, retired, stateless.  ARGV: how many of the newest keep their adapters, how many their states.
-- Returns the numbers and records of the versions that stay, and the numbers of those that keep their state: the newest, and
-- those that the route names.
local head = redis.call('HGET', KEYS[1], 'version')
if not head then
  return {{}, {}}
end
local named = redis.call('HMGET', KEYS[3], 'stable', 'canary')
local records, numbers = {}, {}
local fields = redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do
  if redis.call('SISMEMBER', KEYS[4], fields[i]) == 0 then
    numbers[#numbers + 1] = fields[i]
    records[fields[i]] = fields[i + 1]
  end
end
table.sort(numbers, function(a, b) return tonumber(a) > tonumber(b) end)

local kept, stateful = {}, {}
for place, number in ipairs(numbers) do
  local routed = number == named[1] or number == named[2] or number == head
  if place <= tonumber(ARGV[1]) or routed then
    kept[#kept + 1] = number
    kept[#kept + 1] = records[number]
  else
    redis.call('SADD', KEYS[4], number)
  end
  if (place <= tonumber(ARGV[2]) or routed) and redis.call('SISMEMBER', KEYS[5], number) == 0 then
    stateful[#stateful + 1] = number
  else
    redis.call('SADD', KEYS[5], number)
  end
end
-- What has no record needs no mark: nothing without a record can be gone to.
for i = 4, 5 do
  for _, number in ipairs(redis.call('SMEMBERS', KEYS[i])) do
    if redis.call('HEXISTS', KEYS[2], number) == 0 then
      redis.call('SREM', KEYS[i], number)
    end
  end
end
return {kept, stateful}
