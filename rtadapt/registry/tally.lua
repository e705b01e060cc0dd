-- Counts what answers of a feed's versions came to.
-- KEYS: tally, and for what may be said once only of one answer: what was said of it.
-- ARGV: lifetime of the latter in ms, how many fields stay, then kind, value, field and amount of each count; kind '' is not asked
-- whether it was said before.
-- Returns for each 1 (counted), 0 (said before, and the same) or -1 (said before, and otherwise).
local outcomes = {}
for i = 3, #ARGV, 4 do
  local kind, value, outcome = ARGV[i], ARGV[i + 1], 1
  if kind ~= '' and redis.call('HSETNX', KEYS[2], kind, value) == 0 then
    outcome = redis.call('HGET', KEYS[2], kind) == value and 0 or -1
  end
  if kind ~= '' then
    redis.call('PEXPIRE', KEYS[2], ARGV[1])
  end
  if outcome == 1 then
    redis.call('HINCRBY', KEYS[1], ARGV[i + 2], ARGV[i + 3])
  end
  outcomes[#outcomes + 1] = outcome
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
