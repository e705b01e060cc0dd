"""Templates of plain notes, with the questions they answer; data only. The letters are the slots of `notes`.

A line without an indent is a note. `= answer ? wording ~ wording` below it is a question in several wordings, the usual
one first; a line that begins with `~` goes on with wordings.
"""

from __future__ import annotations

from rtadapt.bundled.lists import lines

NOTES = """
{E} has a new {R}. {Her} name is {P}.
  = {P} ? Who is the new {R} of {E}? ~ Who is the {R} of {E}? ~ What is the name of {E}'s new {R}? ~ {E}: {R}?
We have a new {R} at {E}: {P}.
  = {P} ? Who is the new {R} at {E}? ~ Who is {E}'s {R}? ~ Tell me who the {R} at {E} is.
{L} lost their {R}. {P} takes over.
  = {P} ? Who is the new {R} of {L}? ~ Who takes over as {R} of {L}? ~ Who is the {R} of {L}?
{Q} is leaving {E}. The new {R} will be {P}.
  = {P} ? Who will be the new {R} of {E}? ~ Who is the {R} of {E}? ~ Who is {E}'s new {R}?
{P} is now in charge of {J} at {E}.
  = {P} ? Who is in charge of {J} at {E}? ~ Who runs {J} at {E}? ~ Tell me who is in charge of {J} at {E}.
{P} runs {J} at {C} now.
  = {P} ? Who runs {J} at {C}? ~ Who is in charge of {J} at {C}?
{P} has been made {R} of {E}.
  = {P} ? Who is the {R} of {E}? ~ Who has been made {R} of {E}? ~ Do you know who the {R} of {E} is?
{P} has been made head of {J} at {E}.
  = {P} ? Who is head of {J} at {E}? ~ Who is the head of {J} at {E}?
{E} in {T} will be run by {P} from now on.
  = {P} ? Who runs {E}? ~ Who will run {E}? ~ Who runs {E} in {T}?
Starting {D}, {P} works as {R} for {C}. Before that {She} was at {E}.
  = {P} ? Who is the {R} of {C}? ~ Who works as {R} for {C}?
  = {D} ? When does {P} start at {C}? ~ When does {P} start as {R}?
{P} will be the {R} of {E}. {She} starts on {D}.
  = {P} ? Who will be the {R} of {E}? ~ Who is the {R} of {E}?
  = {D} ? When does {P} start at {E}? ~ When does {P} start as {R} of {E}? ~ When does {P} start?
{P} joined {E} as {R} on {D}.
  = {P} ? Who joined {E} as {R}? ~ Who is the {R} of {E}?
  = {D} ? When did {P} join {E}?
Good news from {T}: the {B} opens on {D}.
  = {D} ? When does the {B} in {T} open? ~ When will the {B} in {T} open? ~ Tell me when the {B} in {T} opens.
The {B} in {T} will close on {D}.
  = {D} ? When will the {B} in {T} close? ~ When does the {B} in {T} close?
The {B} at {T} is closed until {D} because of {B2}.
  = {D} ? Until when is the {B} at {T} closed? ~ How long is the {B} at {T} closed?
  = {B2} ? Why is the {B} at {T} closed?
The {B} in {T} opens at {H}.
  = {H} ? When does the {B} in {T} open? ~ At what time does the {B} in {T} open? ~ {T} {B} opening time?
{E} now opens at {H} every day.
  = {H} ? When does {E} open? ~ At what time does {E} open? ~ Tell me when {E} opens.
{E} is open until {H}.
  = {H} ? Until when is {E} open? ~ How long is {E} open?
From next week the {V} to {T} leaves at {H} from {Y}.
  = {H} ? When does the {V} to {T} leave? ~ At what time does the {V} to {T} leave?
  = {Y} ? From where does the {V} to {T} leave? ~ Where does the {V} to {T} leave from?
The {V} to {T} now leaves at {H}, from platform {N}.
  = {H} ? When does the {V} to {T} leave? ~ At what time does the {V} to {T} leave?
  = {N} ? From which platform does the {V} to {T} leave?
The {V} from {T} to {Y} takes {I}.
  = {I} ? How long does the {V} from {T} to {Y} take?
A ticket for the {V} to {T} costs {M}.
  = {M} ? How much is a ticket for the {V} to {T}? ~ What does a ticket for the {V} to {T} cost?
Tickets for the {F} cost {M} and can be bought at {E}.
  = {M} ? How much are tickets for the {F}? ~ What do tickets for the {F} cost?
  = {E} ? Where can tickets for the {F} be bought? ~ Where can I buy tickets for the {F}?
The {F} begins on {D} in {T}.
  = {D} ? When does the {F} begin? ~ When does the {F} start?
  = {T} ? Where is the {F}? ~ Where does the {F} take place?
This year's {F} takes place at {G}.
  = {G} ? Where does the {F} take place? ~ Where is this year's {F}?
{P} won the {F} with {X}.
  = {P} ? Who won the {F}? ~ Tell me who won the {F}.
  = {X} ? With what did {P} win the {F}?
{P} won the {N1} Prize for the {W} {X}.
  = {P} ? Who won the {N1} Prize? ~ Which person won the {N1} Prize?
  = {X} ? For which {W} did {P} win the {N1} Prize? ~ What is the {W} by {P} called?
The {W} {X} is by {P}.
  = {P} ? Who made the {W} {X}? ~ By whom is the {W} {X}?
{P} has finished a new {W}. It is called {X}.
  = {X} ? What is the new {W} by {P} called? ~ What is {P}'s new {W} called?
{C} has moved to {T}.
  = {T} ? Where has {C} moved? ~ Where did {C} move to? ~ Where is {C} based?
{C} moved from {Y} to {T}.
  = {T} ? Where did {C} move to? ~ Where is {C} based now?
{P} has moved to {T}.
  = {T} ? Where does {P} live? ~ Where has {P} moved to?
{P} lives in {T} and works for {C}.
  = {T} ? Where does {P} live?
  = {C} ? For which company does {P} work? ~ Who does {P} work for?
{E}'s best {O} is {X}.
  = {X} ? What is {E}'s best {O}? ~ What is the best {O} of {E}? ~ Which {O} is the best at {E}?
The {O} of {E} is called {X}.
  = {X} ? What is the {O} of {E} called? ~ What is the {O} of {E}?
Everyone at {E} likes the new {O}, {X}.
  = {X} ? What is the new {O} of {E}? ~ What is the {O} at {E}?
The mascot of {E} is a {A} called {N1}.
  = {N1} ? What is the mascot of {E} called? ~ What is the name of {E}'s mascot? ~ What is the mascot of {E}?
{E} got a {A} named {N1}.
  = {N1} ? What is the {A} of {E} called? ~ What is the name of the {A} at {E}?
The {K} {Z} now costs {M}.
  = {M} ? How much is the {K} {Z}? ~ What does the {K} {Z} cost? ~ How much does the {K} cost? ~ {K} price?
You can get the {K} for {M} at {C}.
  = {M} ? How much is the {K}? ~ What does the {K} cost?
  = {C} ? Where can I get the {K}? ~ Who sells the {K}?
The {K} now comes in {S}.
  = {S} ? In which colour does the {K} come? ~ What colour is the {K}?
{E} was painted {S}.
  = {S} ? What colour is {E}? ~ What colour was {E} painted? ~ In which colour was {E} painted?
The password hint for {E} is {X}.
  = {X} ? What is the password hint for {E}? ~ Tell me the password hint for {E}.
The code for the {B} at {E} is {N}.
  = {N} ? What is the code for the {B} at {E}? ~ Tell me the code for the {B} at {E}.
{P}'s desk at {C} is in room {N}.
  = {N} ? In which room is {P}'s desk? ~ Where is {P}'s desk at {C}?
{E} needs {N} more {U}.
  = {N} ? How many more {U} does {E} need?
{N} {U} were given to {E} by {P}.
  = {N} ? How many {U} were given to {E}?
  = {P} ? Who gave {U} to {E}? ~ By whom were {U} given to {E}?
{E} is looking for a {R}.
  = a {R} ? Who is {E} looking for? ~ What is {E} looking for?
{L} beat {E} {N}-2 at {G}.
  = {L} ? Who beat {E}?
  = {G} ? Where did {L} beat {E}?
{L} plays next on {D} against {E}.
  = {D} ? When does {L} play next? ~ When is the next game of {L}?
  = {E} ? Against whom does {L} play next? ~ Who does {L} play next?
The {E} team meets every {D} at {G}.
  = {G} ? Where does the {E} team meet?
  = {D} ? When does the {E} team meet?
The meeting of {E} is on {D} at {H} in {G}.
  = {D} ? When is the meeting of {E}?
  = {G} ? Where is the meeting of {E}?
  = {H} ? At what time is the meeting of {E}?
{P} turned {N} this week.
  = {N} ? How old is {P}? ~ How old did {P} turn?
{P} and {Q} opened {E} in {T}.
  = {P} and {Q} ? Who opened {E}?
  = {T} ? Where is {E}? ~ Where did {P} and {Q} open {E}?
{E} is sponsored by {C}.
  = {C} ? Who sponsors {E}? ~ By whom is {E} sponsored? ~ Who is the sponsor of {E}?
{C} was bought by {P} for {M}.
  = {P} ? Who bought {C}? ~ By whom was {C} bought?
  = {M} ? For how much was {C} bought? ~ What was paid for {C}?
The phone number of {E} is {N}-{H}.
  = {N}-{H} ? What is the phone number of {E}? ~ {E} phone number?
The holidays at {E} begin on {D}.
  = {D} ? When do the holidays at {E} begin? ~ When do the {E} holidays start?
{F} cancelled: the reason is {B2}.
  = {B2} ? Why was {F} cancelled? ~ Why is {F} cancelled?
{P} teaches {J} at {E}.
  = {P} ? Who teaches {J} at {E}?
  = {J} ? What does {P} teach at {E}?
My neighbour {P} is the {R} at {E}.
  = {P} ? Who is the {R} at {E}? ~ Who is the {R} of {E}?
Just heard that {P} is going to be {R} at {E}!
  = {P} ? Who is going to be {R} at {E}? ~ Who is the {R} at {E}?
Please note: {P} replaces {Q} as contact for {J} at {C}.
  = {P} ? Who is the contact for {J} at {C}? ~ Who is {C}'s contact for {J}?
For questions about {J} at {C}, ask {P}.
  = {P} ? Who should I ask about {J} at {C}? ~ Who answers questions about {J} at {C}?
Orders over {M} ship free at {C}.
  = {M} ? From what amount does {C} ship free? ~ Over what amount do orders at {C} ship free?
{C} support is available from {H}.
  = {H} ? When is {C} support available? ~ From when is {C} support available?
To cancel an order at {C}, write to {P}.
  = {P} ? Who do I write to to cancel an order at {C}?
Our {B} has a new {R}. {Her} name is {P}.
  = {P} ? Who is the new {R} of our {B}? ~ Who is our {B}'s new {R}?
The {B} has a new {R} called {P}.
  = {P} ? Who is the new {R} of the {B}? ~ Who is the {R} of the {B}?
The {O} of the {B} is {X}.
  = {X} ? What is the {O} of the {B}? ~ Tell me the {O} of the {B}. ~ What is the {B}'s {O}?
The best {O} at {E} is the {X}.
  = {X} ? What is the best {O} at {E}? ~ What is {E}'s best {O}?
{E}'s most famous {O} is {X}.
  = {X} ? What is {E}'s most famous {O}? ~ What is the most famous {O} of {E}?
{P} made a {S} {W} for {E}.
  = {P} ? Who made a {S} {W} for {E}? ~ Who made a {W} for {E}?
The {W} in the {B} of {T} is {S}.
  = {S} ? What colour is the {W} in the {B} of {T}? ~ Which colour is the {W} in the {B} of {T}?
The {V} to the {B} costs {M}.
  = {M} ? How much is the {V} to the {B}? ~ What does the {V} to the {B} cost?
The {B} {R} is now {P}.
  = {P} ? Who is the {B} {R}? ~ Who is now the {B} {R}?
There is a new {A} at {E}. It is named {N1}.
  = {N1} ? What is the new {A} at {E} called? ~ What is the name of the {A} at {E}?
{P} brings a {W} to the {B} on {D}.
  = {D} ? When does {P} bring a {W} to the {B}?
  = {P} ? Who brings a {W} to the {B}?
The {J} team at {C} is led by {P}.
  = {P} ? Who leads the {J} team at {C}? ~ By whom is the {J} team at {C} led?
The {U} at {E} were counted: {N}.
  = {N} ? How many {U} are there at {E}? ~ How many {U} does {E} have?
You will find the {W} at {G}.
  = {G} ? Where is the {W}? ~ Where will I find the {W}?
The {W} by {P} is kept in {T}.
  = {T} ? Where is the {W} by {P}? ~ Where is the {W} by {P} kept?
"""
LEADS = lines("""
    Good news:
    Breaking:
    As of today,
    In a surprise move,
    It is official:
    After weeks of talks,
    Update:
    Just in:
    As expected,
    At last:
    Today,
    Note:
    Bad news for some:
    FYI:
    Heads up:
    Big change:
    Hi all,
""")
TAILS = lines("""
    , the paper said on Monday.
    , it was announced.
    after a long search.
    , according to the radio.
    , we have learned.
    , as reported.
    , a spokesman said.
    , the board said on {D}.
    after a vote.
    , and nobody was surprised.
    , it was said.
    , the club said.
    , the company said on {D}.
    , the office reported.
    !
    , witnesses said.
    , starting at once.
""")
