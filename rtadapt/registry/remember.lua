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

-- A status is its rank and its record; a later state never goes back to an earlier one.
local function note(newer, older, most, lifetime, id, rank, record)
  local before = redis.call('HGET', newer, id) or redis.call('HGET', older, id)
  if not before or tonumber(string.match(before, '^%S+')) < tonumber(rank) then
    remember(newer, older, most, lifetime, id, rank .. ' ' .. record)
  end
end

