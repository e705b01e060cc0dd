-- Changes a route by an operator's word.
-- KEYS: head, versions, route, retired, decisions, stateless.
-- ARGV: change id, action, version or '', share or '', '1' for a canary in the shadow, the rule that decides it as JSON or '';
--       for what a trial decided its number, else '', and the decision as JSON.
-- Returns {1 if the route changed, else 0; the route's fields and values}, or {'missing'}, {'unknown', version},
-- {'retired', version}, {'nothing'} when there is nothing to roll back to, {'over'} when that trial is over,
-- {'stateless', version} when a trial by loss needs a state that is not kept.
local route = {}
local flat = redis.call('HGETALL', KEYS[3])
for i = 1, #flat, 2 do
  route[flat[i]] = flat[i + 1]
end
if not route.stable then
  return {'missing'}
end
-- Sent again because the answer got lost: it ran, whatever others have changed since. Without this it would roll back twice.
local recent = {}
for id in string.gmatch(route.change or '', '%S+') do
  if id == ARGV[1] then
    return {0, flat}
  end
  recent[#recent + 1] = id
end

if ARGV[7] ~= '' and (route.trial ~= ARGV[7] or route.canary == '') then
  return {'over'}
end

local function usable(version)
  if version == '0' then
    return true
  end
  return redis.call('HEXISTS', KEYS[2], version) == 1 and redis.call('SISMEMBER', KEYS[4], version) == 0
end

local function stables()
  local list = {}
  for number in string.gmatch(route.history, '%d+') do
    list[#list + 1] = number
  end
  return list
end

-- What answered before this one; failing that, the newest version that is older.
local function previous()
  local list = stables()
  for i = #list, 1, -1 do
    if list[i] ~= route.stable and usable(list[i]) then
      return list[i]
    end
  end
  local newest = 0
  for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
    local number = tonumber(field)
    if number < tonumber(route.stable) and number > newest and usable(field) then
      newest = number
    end
  end
  return string.format('%.0f', newest)
end

local action, version = ARGV[2], ARGV[3]
if version == '' and action == 'promote' then
  -- A trial that went well is what an operator promotes, not a head that nobody has tried.
  version = route.canary ~= '' and route.canary or redis.call('HGET', KEYS[1], 'version')
elseif version == '' and action == 'rollback' then
  if route.stable == '0' then
    return {'nothing'}
  end
  version = previous()
end
if version ~= '' and not usable(version) then
  return {redis.call('SISMEMBER', KEYS[4], version) == 1 and 'retired' or 'unknown', version}
end

local changes = {}
if action == 'trust' then
  -- A name that nobody has seen yet, and the operator's word that goes with it: replicas follow whatever they held before. When it
  -- was said tells it from the words before, which older copies of the registry hold. What was signed stays so: it is for the
  -- feed's first incarnation.
  redis.call('HSETNX', KEYS[1], 'origin', redis.call('HGET', KEYS[1], 'incarnation') or '')
  local clock = redis.call('TIME')
  local now = math.max(clock[1] + clock[2] / 1e6, tonumber(route.trusted_at or 0) + 1e-3)  -- also where the clock went back
  redis.call('HSET', KEYS[1], 'incarnation', ARGV[1])
  changes = {trusted = ARGV[1], trusted_at = string.format('%.6f', now)}
elseif action == 'promote' or action == 'rollback' then
  -- What is promoted is what runs. A route that follows goes on following from the newest version only: from an older one
  -- it would be moved on at once, to what nobody promoted.
  local newest = version == redis.call('HGET', KEYS[1], 'version')
  changes = {stable = version, canary = '', share = '0', begun = '', shadow = '', decide = ''}
  changes.follow = action == 'promote' and newest and route.follow or '0'
  local list, kept = stables(), {}
  if action == 'promote' and version ~= route.stable then
    list[#list + 1] = route.stable
  end
  for _, number in ipairs(list) do
    -- After a rollback the next one goes further back, never forward again.
    if action == 'promote' or tonumber(number) < tonumber(version) then
      kept[#kept + 1] = number
    end
  end
  changes.history = table.concat(kept, ' ', math.max(1, #kept - 19))
elseif action == 'canary' then
  for _, measure in ipairs(ARGV[6] ~= '' and cjson.decode(ARGV[6]).measures or {}) do
    for _, number in ipairs(measure == 'loss' and {version, route.stable} or {}) do
      if redis.call('SISMEMBER', KEYS[6], number) == 1 then
        return {'stateless', number}
      end
    end
  end
  changes = {canary = version, share = ARGV[4], follow = '0', shadow = ARGV[5], decide = ARGV[6]}
  -- More or fewer callers, or another rule, are the same trial: its counts go on.
  if route.canary ~= version or (route.shadow or '') ~= ARGV[5] then
    changes.begun = ''
    changes.named = redis.call('TIME')[1]
    changes.trial = string.format('%.0f', tonumber(route.trial or 0) + 1)
  end
elseif action == 'end' then
  changes = {canary = '', share = '0', begun = '', shadow = '', decide = ''}
else
  changes = {follow = action == 'resume' and '1' or '0'}
end

local changed = 0
for field, value in pairs(changes) do
  if (route[field] or '') ~= value then
    redis.call('HSET', KEYS[3], field, value)
    if field ~= 'history' then  -- nobody but a rollback sees it
      changed = 1
    end
  end
end
recent[#recent + 1] = ARGV[1]
redis.call('HSET', KEYS[3], 'change', table.concat(recent, ' ', math.max(1, #recent - 15)))
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[5], route.canary, ARGV[8])
  for _, number in ipairs(redis.call('HKEYS', KEYS[5])) do
    if redis.call('HEXISTS', KEYS[2], number) == 0 then
      redis.call('HDEL', KEYS[5], number)
    end
  end
end
if changed == 1 then
  redis.call('HINCRBY', KEYS[3], 'revision', 1)
end
return {changed, redis.call('HGETALL', KEYS[3])}
