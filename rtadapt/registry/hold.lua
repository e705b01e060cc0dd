-- Notes which versions of a feed a replica holds and which it can't load, and moves the route to the newest version that
-- nobody is left to wait for. Begins the trial of a canary that all of those hold.
-- KEYS: versions, route, retired, holds (replica -> 'numbers held|numbers failed').
-- ARGV: replica, what it holds, what it failed to load (both numbers with spaces), lifetime of the holds in ms, then the
--       live replicas: '+name' for one that is waited for, '?name' for one that is if it has said that it holds anything of
--       this feed, be it nothing but the base model, and '-name' for one that has stalled; '!name' is one that is gone.
-- Returns {1 if the route moved, else 0; the route's fields and values; the holds of all live replicas}, {'missing'}, or, nothing
-- having moved, {'strangers', names}: those with holds that ARGV does not name. They came since the caller looked, or are gone.
local route = redis.call('HMGET', KEYS[2], 'stable', 'canary', 'follow', 'history', 'begun')
if not route[1] then
  return {'missing'}
end

local waited_for, alive, gone, strangers = {}, {[ARGV[1]] = true}, {}, {}
for i = 5, #ARGV do
  local how, name = string.sub(ARGV[i], 1, 1), string.sub(ARGV[i], 2)
  if how == '!' then
    gone[#gone + 1] = name
  else
    alive[name] = true
    if how == '+' or (how == '?' and redis.call('HEXISTS', KEYS[4], name) == 1) then
      waited_for[#waited_for + 1] = name
    end
  end
end
if #gone > 0 then
  redis.call('HDEL', KEYS[4], unpack(gone))
end
for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
  if not alive[name] then
    strangers[#strangers + 1] = name
  end
end
if #strangers > 0 then
  return {'strangers', strangers}
end
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2] .. '|' .. ARGV[3])
redis.call('PEXPIRE', KEYS[4], ARGV[4])

local function numbers(text)
  local set = {}
  for number in string.gmatch(text, '%d+') do
    set[number] = true
  end
  return set
end

local holds, fails, newer = {}, {}, {}
local flat = redis.call('HGETALL', KEYS[4])
for i = 1, #flat, 2 do
  holds[flat[i]] = numbers(string.match(flat[i + 1], '^[^|]*'))
  fails[flat[i]] = numbers(string.match(flat[i + 1], '|(.*)$'))
  for number in pairs(holds[flat[i]]) do
    if tonumber(number) > tonumber(route[1]) then
      newer[#newer + 1] = number
    end
  end
end
table.sort(newer, function(a, b) return tonumber(a) > tonumber(b) end)

local function held_by_all(version)
  for _, name in ipairs(waited_for) do
    if not holds[name] or not (holds[name][version] or fails[name][version]) then
      return false
    end
  end
  return redis.call('HEXISTS', KEYS[1], version) == 1 and redis.call('SISMEMBER', KEYS[3], version) == 0
end

local moved = 0
for _, version in ipairs(newer) do
  if route[3] == '1' and held_by_all(version) then
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
      redis.call('HSET', KEYS[2], 'canary', '', 'share', '0', 'begun', '', 'shadow', '', 'decide', '')
      route[2] = ''
    end
    break
  end
end

-- A trial begins once the canary can answer everywhere: no caller gets the one here and the other there.
local canary = route[2]
if canary ~= '' and (route[5] or '') == '' then
  local everywhere = true
  for _, name in ipairs(waited_for) do
    everywhere = everywhere and (canary == '0' or (holds[name] ~= nil and holds[name][canary] == true))
  end
  if everywhere then
    redis.call('HSET', KEYS[2], 'begun', redis.call('TIME')[1])
    if moved == 0 then
      redis.call('HINCRBY', KEYS[2], 'revision', 1)
    end
    moved = 1
  end
end
return {moved, redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[4])}
