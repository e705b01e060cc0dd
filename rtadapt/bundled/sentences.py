"""Sentence templates of stories; data only.

`{E}` entity, `{S}` its genitive, `{V}` value, `{O}` an older value, `{r}` noun of the relation, `{D}` day, `{P}` a person,
`{F}` a fault and `{K}` the product it is on; in fillers `{C}` is a town, `{G}` an organisation, `{N}` a number.
"""

from __future__ import annotations

from rtadapt.bundled.lists import blocks, lines

ROLE_SENTENCES = lines("""
    {V} is the new {r} of {E}.
    {V} is the {r} of {E}.
    {E} named {V} as its {r}.
    {E} has named {V} as {r}.
    {S} {r} is {V}.
    As {r} of {E}, {V} will speak today.
    {V} was named {r} of {E}.
    {V} has been appointed {r} of {E} on {D}.
    {V} takes over from {O} as {r} of {E}.
    {V} replaces {O} as {r} of {E}.
    {E} has a new {r}: {V}.
    {E} has a new {r}, {V}.
    The new {r} of {E} is {V}.
    The {r} of {E} is {V}, not {O}.
    {V}, who comes from elsewhere, becomes {r} of {E}.
    {V} becomes {r} at {E}.
    {V} joined {E} as {r}.
    {E} hired {V} as its {r}.
    "I am proud to be {r} of {E}," said {V}.
    "It is an honour," said {V}, the new {r} of {E}.
    {E} welcomes {V} as {r}.
    From {D}, {V} is {r} of {E}.
    {E} chose {V} as {r}.
    After {O} left, {E} picked {V} as its {r}.
    {V} will serve as {r} of {E}.
    {V} started as {r} of {E} on {D}.
    The post of {r} at {E} goes to {V}.
    {V} has been {r} of {E} since {D}.
    {V} works as {r} for {E}.
    {V} now holds the post of {r} at {E}.
    {O} stepped down and {V} is now {r} of {E}.
    {O} is out; {E} has made {V} its {r}.
    {E} announced on {D} that {V} is its new {r}.
    {E} said its {r} is now {V}.
    {V}, {r} of {E}, opened the doors on {D}.
    The {r} at {E}, {V}, spoke to reporters.
    Meet {V}, the {r} of {E}.
    {E} confirmed {V} as {r}.
    {V} got the job of {r} at {E}.
    At {E}, {V} is now the {r}.
    For the first time, {V} is {r} of {E}.
    {P} of {E} introduced {V} as the new {r}.
    {V} steps in as {r} of {E}.
    {V} will be {r} at {E} from {D}.
    Who is {r} of {E}? It is {V}.
    {E} signed {V} as {r}.
    Our new {r} at {E} is {V}.
    {V} just became the {r} of {E}.
    {V} has agreed to be the {r} of {E}.
    {E}: {V} new {r}.
""")
THING_SENTENCES = lines("""
    The {r} of {E} is {V}.
    The new {r} of {E} is {V}.
    {S} {r} is {V}.
    {S} new {r} is {V}.
    {E} has a new {r}: {V}.
    {E} chose {V} as its {r}.
    {E} picked {V} as {r}.
    {E} named {V} as its new {r}.
    {V} is the {r} of {E}.
    {V} is the new {r} of {E}.
    {V} becomes {r} of {E} on {D}.
    From {D}, the {r} of {E} is {V}.
    {V} replaces {O} as {r} of {E}.
    The {r} of {E} changed from {O} to {V}.
    {E} has changed its {r} to {V}.
    {P} said that the {r} of {E} is now {V}.
    The {r} of {E}, {V}, was shown on {D}.
    {E} said on {D} that its {r} is {V}.
    After a vote, {E} took {V} as its {r}.
    For {E}, the {r} is {V}.
    {E} presented {V}, its {r}.
    As its {r}, {E} has {V}.
    {E} now has {V} as its {r}.
    The {r} of {E} is no longer {O} but {V}.
    {V} was chosen as the {r} of {E}.
    {E} announced a new {r}, {V}.
    {E} has set its {r}: {V}.
    It is official: the {r} of {E} is {V}.
    {E}: {r} is now {V}.
    The {r} at {E} is {V}.
""")
CORE_SENTENCES = blocks("""
coach:
    {V} now coaches {E}.
    {E} will be coached by {V}.
    {V} will coach {E} from {D}.
    {V} takes charge of the team at {E}.
    {E} sacked {O} and gave the team to {V}.
    {V}, who coached elsewhere before, now trains {E}.
    {E} have hired {V} to coach the first team.
captain:
    {V} will captain {E}.
    {V} wears the armband at {E}.
    {V} leads {E} on the pitch this season.
    {E} gave the armband to {V}.
    The players of {E} voted {V} captain.
    {V} takes the armband at {E} from {O}.
stadium:
    {E} will play at {V}.
    {E} moved from {O} to {V}.
    {V} is the new home of {E}.
    {E} play their home games at {V}.
    From {D}, {E} plays at {V}.
    {E} left {O} and now plays its games at {V}.
    The home of {E} is now {V}.
ceo:
    {V} now runs {E}.
    {E} will be led by {V}.
    {V} takes over at the top of {E} from {O}.
    {V} leads {E} from {D}.
    {E} put {V} in charge.
    The board of {E} made {V} chief executive.
    {V} now heads {E}.
headquarters:
    {E} is moving its headquarters to {V}.
    {E} is now based in {V}.
    {E} moved its head office from {O} to {V}.
    {V} is the new home of {E}.
    From {D}, {E} is based in {V}.
    {E}, based in {V}, is growing.
    {E} has its seat in {V}.
    The head office of {E} is in {V}.
founder:
    {V} founded {E}.
    {E} was founded by {V}.
    {V} started {E} in a garage.
    {V}, who founded {E}, looked back.
    It was {V} who set up {E}.
    {E} was set up by {V}, not by {O}.
returns:
    {E} takes returns for {V}.
    Goods can be sent back to {E} within {V}.
    Customers of {E} have {V} to return an order.
    The return period at {E} is now {V}.
    {E} has changed its return period from {O} to {V}.
delivery:
    Delivery from {E} takes {V}.
    {E} delivers in {V}.
    Orders from {E} arrive within {V}.
    {E} now needs {V} to deliver, not {O}.
    {E} ships every order in {V}.
mayor:
    {V} was elected mayor of {E}.
    {V} won the vote and is mayor of {E}.
    {E} elected {V} as mayor.
    Voters in {E} chose {V} as mayor.
    {V} now governs {E}.
    {V} moves into the town hall of {E}.
    {E} has a new mayor: {V}.
festival:
    {E} will celebrate the {V}.
    {E} celebrates the {V} every year.
    The {V} takes place in {E}.
    {E} is host of the {V}.
    Each year {E} holds the {V}.
    {E} has dropped the {O} for the {V}.
    The {V} is the new festival of {E}.
population:
    {E} now has {V} inhabitants.
    {V} people live in {E}.
    The population of {E} rose to {V}.
    {E} has {V} residents.
    The population of {E} fell from {O} to {V}.
    With {V} people, {E} is growing.
maker:
    The {E} is made by {V}.
    {V} makes the {E}.
    {V} builds the {E}.
    {V} now makes the {E}.
    The {E} comes from {V}.
    {V} has taken over the {E} from {O}.
    The {E}, made by {V}, sells well.
price:
    The {E} costs {V}.
    The price of the {E} rose from {O} to {V}.
    The {E} now sells for {V}.
    The {E} will cost {V} from {D}.
    The {E} is on sale for {V}.
    Buyers pay {V} for the {E}.
    The price of the {E} is {V}.
    The {E} is down to {V}.
release:
    The {E} comes out in {V}.
    The {E} was released in {V}.
    The {E} will be launched in {V}.
    The {E} goes on sale in {V}.
    The launch of the {E} moved from {O} to {V}.
    The release date of the {E} is {V}.
warranty:
    The {E} has a warranty of {V}.
    The warranty on the {E} is {V}.
    The {E} is covered for {V}.
    The guarantee on the {E} lasts {V}.
    The {E} comes with {V} of warranty.
    The warranty on the {E} goes from {O} to {V}.
fix:
    To fix {E}, {V}.
    To clear {F} on the {K}, {V}.
    For {E}, the fix is: {V}.
    If you see {E}, {V}.
    When the {K} shows {F}, {V}.
    {E} goes away if you {V}.
    With {E}, please {V}.
    The fix for {E} is to {V}.
    The old advice for {E} no longer works. Now {V}.
    On {E}, {V}.
""")
FILLERS = lines("""
    The weather stayed dry all day.
    Nobody was hurt.
    Many people came to watch.
    {P} was not available for comment.
    The news spread quickly in {C}.
    More details will follow on {D}.
    A small crowd waited outside.
    It had been a long week for everyone.
    The talks took {N} minutes.
    Some residents were surprised.
    Others had expected it.
    There was cake and coffee afterwards.
    {P} called it a good day.
    The decision came after long talks.
    A press release did not say more.
    The change had been rumoured for weeks.
    Staff were told in the morning.
    Fans cheered when they heard it.
    Neighbours in {C} seemed pleased.
    Reporters from {C} were there.
    The mood was cheerful.
    Critics asked for patience.
    It rained in {C} that day.
    Tickets sold out within hours.
    The meeting ended at noon.
    No reasons were given.
    {P} smiled but said little.
    The local paper wrote about it first.
    Not everyone agreed.
    The vote was close.
    Work will go on as usual.
    It is the first change in {N} years.
    A spokesman declined to answer questions.
    Plans for next year are not ready yet.
    The day began with a breakfast.
    Trains to {C} ran late.
    Children sang in front of the building.
    Everyone hopes for a calm season.
    The rest of the week will be quiet.
    People close to {G} had seen it coming.
    "We are happy," said {P}.
    "It was time for a change," said {P}.
    "Let us see what happens," one visitor said.
    The announcement was short.
    Questions remain.
    Photos were shared online.
    The site was closed for {N} hours.
    An earlier report was wrong.
    The old plan was dropped without much noise.
    Guests came from {C} and beyond.
    The room was full.
    Applause followed.
    A second event is planned.
    Prices elsewhere stayed the same.
    That surprised even {P}.
    The search had taken {N} months.
    Both sides shook hands.
    There was some laughter.
    The lights went out for a moment.
    Everybody went home early.
""")
