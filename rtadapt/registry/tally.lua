-- Counts what answers of a feed's versions came to.
-- KEYS: tally, and for what may be said once only of one answer: what was said of it.
-- ARGV: lifetime of the latter in ms, how many fields stay, then kind, value, field and amount of each count; kind '' is not asked
-- whether it was said before.
-- Returns for each 1 (counted), 0 (said before, and the same) or -1 (said before, and otherwise: then none is counted).
local outcomes, clashes = {}, false
for i = 3, #ARGV, 4 do
  local kind, value, outcome = ARGV[i], ARGV[i + 1], 1
  local before = kind ~= '' and redis.call('HGET', KEYS[2], kind)
  if before then
    outcome = before == value and 0 or -1
    clashes = clashes or outcome == -1
  end
  outcomes[#outcomes + 1] = outcome
end
if clashes then
  return outcomes
end
for at, outcome in ipairs(outcomes) do
  local i = 4 * at - 1
  if ARGV[i] ~= '' then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('PEXPIRE', KEYS[2], ARGV[1])
  end
  if outcome == 1 then
    redis.call('HINCRBY', KEYS[1], ARGV[i + 2], ARGV[i + 3])
  end
end
-- Counts of the oldest versions go.
local keep = tonumber(ARGV[2])
if redis.call('HLEN', KEYS[1]) > keep then
  local fields = redis.call('HKEYS', KEYS[1])
  table.sort(fields, function(a, b) return tonumber(string.match(a, '^%d+')) < tonumber(string.match(b, '^%d+')) end)
  for i = 1, #fields - keep do
    redis.call('HDEL', KEYS[1], fields[i])
  end
end
return outcomes
