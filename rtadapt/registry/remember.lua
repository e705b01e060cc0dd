-- What every script that writes statuses begins with. An event's status is a field of one of two hashes: the newer one is filled, and
-- when it is full, or its lifetime is over, it takes the place of the older one, which is forgotten. So at least the newest `most`
-- are remembered, and at most twice as many; each for at least `lifetime` ms unless others came, and at most twice as long.
local function remember(newer, older, most, lifetime, id, value)
  local left = redis.call('PTTL', newer)
  local is_full = redis.call('HLEN', newer) >= most and redis.call('HEXISTS', newer, id) == 0
  if left >= 0 and (left <= lifetime or is_full) then
    redis.call('UNLINK', older)
    redis.call('RENAME', newer, older)
    redis.call('PEXPIRE', older, lifetime)
    left = -2
  end
  redis.call('HSET', newer, id, value)
  if left < 0 then
    redis.call('PEXPIRE', newer, 2 * lifetime)
  end
end

-- The same for many: `fields` are ids, each followed by its value. Where all fit in, they are written with few commands.
local function remember_all(newer, older, most, lifetime, fields)
  local left = redis.call('PTTL', newer)
  if (left >= 0 and left <= lifetime) or redis.call('HLEN', newer) + #fields / 2 > most then
    for at = 1, #fields, 2 do
      remember(newer, older, most, lifetime, fields[at], fields[at + 1])
    end
    return
  end
  for from = 1, #fields, 1000 do
    redis.call('HSET', newer, unpack(fields, from, math.min(from + 999, #fields)))
  end
  if left < 0 and #fields > 0 then
    redis.call('PEXPIRE', newer, 2 * lifetime)
  end
end

-- What `ids` have in the newer hash, or else in the older one; false for nothing.
local function known(newer, older, ids)
  local found = {}
  for from = 1, #ids, 1000 do
    local till = math.min(from + 999, #ids)
    local here, there = redis.call('HMGET', newer, unpack(ids, from, till)), redis.call('HMGET', older, unpack(ids, from, till))
    for at = 1, till - from + 1 do
      found[from + at - 1] = here[at] or there[at]
    end
  end
  return found
end

-- A status is its rank and its record; a later state never goes back to an earlier one. `ranks` and `records` are those of `ids`.
local function note(newer, older, most, lifetime, ids, ranks, records)
  local fields, places, reached = {}, {}, {}
  for number, before in ipairs(known(newer, older, ids)) do
    local id = ids[number]
    local rank = reached[id] or (before and tonumber(string.match(before, '^%S+')))
    if not rank or rank < tonumber(ranks[number]) then
      reached[id] = tonumber(ranks[number])
      places[id] = places[id] or #fields + 1
      fields[places[id]], fields[places[id] + 1] = id, ranks[number] .. ' ' .. records[number]
    end
  end
  remember_all(newer, older, most, lifetime, fields)
end
