-- Notes where events are on their path.
-- KEYS: newer and older statuses of a feed.  ARGV: how many to remember, lifetime in ms, then id, rank and record of each.
for i = 3, #ARGV, 3 do
  note(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
return 1
