"""Templates of local news and sport, with the questions they answer; data only.

The form is that of `note_templates`; the slots are those of `notes` and the ones that `free_texts` adds.
"""

from __future__ import annotations

NEWS = """
{C} will run a daily {V} from {T} to {Y} from {D}.
  = {D} ? From when will {C} run a daily {V} from {T} to {Y}? ~ When will {C} start to run a daily {V} from {T} to {Y}?
  = {C} ? Who will run a daily {V} from {T} to {Y}?
{C} is going to sail from {T} to {Y}, beginning in {mo}.
  = {mo} ? When is {C} going to sail from {T} to {Y}? ~ When does {C} begin to sail from {T} to {Y}?
{C} flies from {T} to {Y} from {mo} on.
  = {mo} ? From when does {C} fly from {T} to {Y}? ~ When does {C} start to fly from {T} to {Y}?
  = {C} ? Who flies from {T} to {Y}? ~ Which company flies from {T} to {Y}?
{C} stops its flights from {T} to {Y} in {mo}.
  = {mo} ? When does {C} stop its flights from {T} to {Y}?
{P} walked from {T} to {Y} in {mn}.
  = {P} ? Who walked from {T} to {Y}?
  = {mn} ? How long did {P} take from {T} to {Y}? ~ How long did it take {P} to walk from {T} to {Y}?
{P} won the {F} in {rt}. {Q} came second.
  = {P} ? Who won the {F}?
  = {rt} ? In what time did {P} win the {F}? ~ How long did {P} need to win the {F}?
  = {Q} ? Who came second in the {F}?
{P} won the {F} on {D} in {rt}. {Q} was the runner-up.
  = {P} ? Who won the {F}?
  = {D} ? When did {P} win the {F}?
  = {rt} ? In what time did {P} win the {F}? ~ How long did {P} need to win the {F}?
  = {Q} ? Who was the runner-up in the {F}?
On {D} {P} won the {N1} {rc}. Silver went to {Q}.
  = {P} ? Who won the {N1} {rc}?
  = {D} ? When did {P} win the {N1} {rc}?
  = {Q} ? Who got silver in the {N1} {rc}? ~ Who came second in the {N1} {rc}?
{P} finished the {N1} Marathon in {rt}, ahead of {Q}.
  = {rt} ? In what time did {P} finish the {N1} Marathon?
  = {Q} ? Who finished behind {P} in the {N1} Marathon?
In the {F}, {P} took gold and {Q} took silver.
  = {P} ? Who took gold in the {F}?
  = {Q} ? Who took silver in the {F}?
The prize for second place at the {F} was given to {P}.
  = {P} ? Who was given the prize for second place at the {F}? ~ Who was second at the {F}?
Third in the {F} was {P} of {T}.
  = {P} ? Who was third in the {F}?
{L} beat {L2} {N} to 2. {P} scored twice.
  = {L} ? Who beat {L2}?
  = {P} ? Who scored twice for {L}? ~ Who scored twice?
{P} scored the first goal for {L} after {N} minutes.
  = {P} ? Who scored the first goal for {L}?
  = {N} ? After how many minutes did {P} score the first goal for {L}?
A late goal by {P} gave {L} the lead against {L2}.
  = {P} ? Whose goal gave {L} the lead against {L2}? ~ Who scored for {L} against {L2}?
{P} saved a penalty for {L}.
  = {P} ? Who saved a penalty for {L}?
{L} signed {P} from {L2} for {M}.
  = {P} ? Who did {L} sign from {L2}?
  = {M} ? For how much did {L} sign {P}? ~ How much did {L} pay for {P}?
  = {L2} ? From which club did {L} sign {P}?
{E} has found a new {R}, {P}.
  = {P} ? Who is the new {R} of {E}? ~ Who is the new {R} at {E}?
{E} has taken on {P} as {R}.
  = {P} ? Who has {E} taken on as {R}? ~ Who is the {R} of {E}?
{E} introduced its new {R}, {P}, on {D}.
  = {P} ? Who is the new {R} of {E}?
  = {D} ? When did {E} introduce its new {R}?
{E} is getting a new {R}: {P} from {T}.
  = {P} ? Who is the new {R} of {E}?
  = {T} ? Where is {P} from?
{P}, until now {R} at {E}, moves to {C}.
  = {C} ? Where does {P} move? ~ Where does {P} move to?
{E} stays shut until {D} because of {B2}.
  = {D} ? Until when does {E} stay shut?
  = {B2} ? Why does {E} stay shut?
Owing to {B2}, {E} will not open before {D}.
  = {D} ? When will {E} open? ~ Before which day will {E} not open?
  = {B2} ? Why will {E} not open?
After {B2}, {E} was closed for {mn}.
  = {mn} ? How long was {E} closed? ~ For how long was {E} closed?
  = {B2} ? Why was {E} closed?
The road from {T} to {Y} is blocked until {D}.
  = {D} ? Until when is the road from {T} to {Y} blocked?
The {V} to {T} is {N} minutes late because of {B2}.
  = {N} minutes ? How late is the {V} to {T}?
  = {B2} ? Why is the {V} to {T} late?
The rent at {E} goes up from {M} to {M2} in {mo}.
  = {M2} ? How much will the rent at {E} be? ~ To how much does the rent at {E} go up?
  = {mo} ? When does the rent at {E} go up?
Sales of the {K} rose by {pc} in {mo}.
  = {pc} ? By how much did sales of the {K} rise?
Unemployment in {T} fell to {pc}.
  = {pc} ? How high is unemployment in {T}? ~ To how much did unemployment in {T} fall?
Water bills in {T} will rise by {pc} next year.
  = {pc} ? By how much will water bills in {T} rise?
{N} people came to the {F}, more than ever before.
  = {N} ? How many people came to the {F}?
A fire at {E} was put out after {mn}. {P} called the fire brigade.
  = {mn} ? After how long was the fire at {E} put out?
  = {P} ? Who called the fire brigade at {E}? ~ Who called the fire brigade?
A fire broke out at {E} on {D}.
  = {D} ? When did a fire break out at {E}?
  = {E} ? Where did a fire break out on {D}?
{P} lost {her} {W} on the {V} to {T}.
  = {P} ? Who lost a {W} on the {V} to {T}?
{P} found {N} old coins near {T}.
  = {P} ? Who found {N} old coins near {T}?
  = {N} ? How many old coins did {P} find near {T}?
{P} has lived in {T} since {yr}.
  = {T} ? Where does {P} live?
  = {yr} ? Since when has {P} lived in {T}?
{P} died in {T} at the age of {ag}.
  = {ag} ? At what age did {P} die? ~ How old was {P}?
  = {T} ? Where did {P} die?
{P} was fined {M} for parking in front of {E}.
  = {M} ? How much was {P} fined?
  = parking in front of {E} ? Why was {P} fined? ~ For what was {P} fined?
{P} gave {M} to {E}.
  = {P} ? Who gave {M} to {E}?
  = {M} ? How much did {P} give to {E}?
{P} owns {E} together with {Q}.
  = {Q} ? With whom does {P} own {E}? ~ Who owns {E} together with {P}?
{C} and {C2} are merging. The new firm will be called {N1}.
  = {N1} ? What will the new firm of {C} and {C2} be called?
{C} is cutting {N} jobs in {T}.
  = {N} ? How many jobs is {C} cutting in {T}?
  = {T} ? Where is {C} cutting {N} jobs?
{C} will create {N} jobs at its new factory in {T}.
  = {N} ? How many jobs will {C} create? ~ How many jobs will {C} create in {T}?
  = {T} ? Where is the new factory of {C}?
{C} is now worth {M2}.
  = {M2} ? How much is {C} worth?
The sale of {C} to {C2} is off.
  = {C2} ? To whom was {C} to be sold? ~ Who wanted to buy {C}?
{T} gets a new {B}. The first visitors are expected in {my}.
  = {my} ? When are the first visitors of the new {B} in {T} expected?
{T} is to get a {B}. Builders move in next {mo}.
  = next {mo} ? When do builders move in at the {B} in {T}? ~ When do builders start on the {B} in {T}?
The new {B} in {T} is paid for by {C}.
  = {C} ? Who pays for the new {B} in {T}? ~ By whom is the new {B} in {T} paid for?
{P} designed the new {B} in {T}, which cost {M}.
  = {P} ? Who designed the new {B} in {T}?
  = {M} ? How much did the new {B} in {T} cost?
The {B} on {st} in {T} will become a {B3}.
  = a {B3} ? What will the {B} on {st} in {T} become?
{st} in {T} is now a one-way street.
  = {st} ? Which street in {T} is now a one-way street?
Bus {N} in {T} now stops at {E}.
  = {E} ? Where does bus {N} in {T} now stop? ~ Where does bus {N} in {T} stop?
{E} on {st} now belongs to {P}. Nothing will change for its {U}.
  = {P} ? Who owns {E}? ~ Who does {E} belong to? ~ To whom does {E} belong?
The new owner of {E} is {P}, a {R} from {T}.
  = {P} ? Who is the new owner of {E}? ~ Who owns {E}?
  = {T} ? Where is {P} from?
{E} used to be run by {Q}; now {P} runs it.
  = {P} ? Who runs {E}? ~ Who runs {E} now?
The {O} of {E} used to be {X2}; now it is {X}.
  = {X} ? What is the {O} of {E}? ~ What is the {O} of {E} now?
The {O} of {E} is now {X}. Before that it was {X2}.
  = {X} ? What is the {O} of {E}?
{E} no longer meets at {G2}, but at {G}.
  = {G} ? Where does {E} meet? ~ Where does {E} meet now?
The {F} has been moved from {D} to {D2}.
  = {D2} ? When is the {F}? ~ To which day has the {F} been moved?
The {F} will not be in {Y} this year but in {T}.
  = {T} ? Where will the {F} be this year? ~ Where is the {F}?
"{X}" by {P} is the book of the month at {E}.
  = {X} ? What is the book of the month at {E}? ~ Which book is the book of the month at {E}?
  = {P} ? Who wrote "{X}"? ~ Who is the author of "{X}"?
{P} plays the lead in "{X}" at {E}.
  = {P} ? Who plays the lead in "{X}"? ~ Who plays the lead in "{X}" at {E}?
  = {E} ? Where does {P} play the lead?
{P} apologised to {Q} for {B2}.
  = {P} ? Who apologised to {Q}?
  = {B2} ? For what did {P} apologise to {Q}? ~ Why did {P} apologise to {Q}?
{P} and {Q} are getting married in {T} in {mo}.
  = {T} ? Where are {P} and {Q} getting married?
  = {mo} ? When are {P} and {Q} getting married?
{E} will serve {X} instead of {X2} from {D}.
  = {X} ? What will {E} serve from {D}? ~ What will {E} serve instead of {X2}?
  = {D} ? From when will {E} serve {X}?
Doctors at {E} will treat patients from {T} as well.
  = {T} ? From where will {E} treat patients as well? ~ Patients from which town will {E} treat?
{E} asks everyone to bring {her} own {W}.
  = {her} own {W} ? What does {E} ask everyone to bring?
Rain is expected in {T} until {D}.
  = {D} ? Until when is rain expected in {T}?
A storm cut the power in {T} for {mn}.
  = {mn} ? For how long did a storm cut the power in {T}? ~ How long was the power cut in {T}?
Police in {T} are looking for a {S} {Z}.
  = a {S} {Z} ? What are the police in {T} looking for?
{P} ({ag}) leads {E} since {D}.
  = {P} ? Who leads {E}?
  = {ag} ? How old is {P}?
{P} won the {F}, beating {Q} in the final.
  = {P} ? Who won the {F}?
  = {Q} ? Who did {P} beat in the final of the {F}? ~ Who lost the final of the {F}?
{P} won the election in {T} with {pc} of the vote.
  = {P} ? Who won the election in {T}?
  = {pc} ? With how much of the vote did {P} win the election in {T}? ~ What share of the vote did {P} win in {T}?
{P} got {pc} of the vote in {T}, {Q} only {pc2}.
  = {pc} ? How much of the vote did {P} get in {T}?
  = {pc2} ? How much of the vote did {Q} get in {T}?
{E} got its first {prz}. The {R}, {P}, called it a dream come true.
  = its first {prz} ? What did {E} get?
  = {P} ? Who is the {R} of {E}?
Cyclists must pay {M} to use the {B} in {T}.
  = {M} ? How much must cyclists pay to use the {B} in {T}?
Visitors now pay {M} to see the {B} of {T}.
  = {M} ? How much do visitors pay to see the {B} of {T}?
You can now pay for parking in {T} with {pay}.
  = {pay} ? With what can you pay for parking in {T}? ~ How can you pay for parking in {T}?
At {E}, cash is no longer taken; guests pay with {pay}.
  = {pay} ? With what do guests at {E} pay? ~ How do guests at {E} pay?
The last {V} of {T} will disappear by the end of {yr}.
  = the end of {yr} ? By when will the last {V} of {T} disappear? ~ When will the last {V} of {T} disappear?
{C} has shut its office in {T}, the last one in the region.
  = {T} ? Where has {C} shut its office?
{C} is moving a {fr} of its staff to {T}.
  = a {fr} of its staff ? Who is {C} moving to {T}?
  = {T} ? Where is {C} moving a {fr} of its staff?
Divers from {E} found a sunken {W} in the lake of {T}.
  = Divers from {E} ? Who found a sunken {W} in the lake of {T}?
  = a sunken {W} ? What did divers from {E} find in the lake of {T}?
A rare {A} was seen in {T} for the first time since {yr}.
  = a rare {A} ? What was seen in {T}? ~ What was seen in {T} for the first time since {yr}?
  = {T} ? Where was a rare {A} seen?
{P} broke the record of {Q} by {sc}.
  = {P} ? Who broke the record of {Q}?
  = {sc} ? By how much did {P} break the record of {Q}?
The jury gave first prize to {P} and second prize to {Q}.
  = {P} ? Who got first prize?
  = {Q} ? Who got second prize?
At the {N1} {rc}, {P} finished first, {Q} second.
  = {P} ? Who finished first at the {N1} {rc}? ~ Who won the {N1} {rc}?
  = {Q} ? Who finished second at the {N1} {rc}? ~ Who came second at the {N1} {rc}?
The next {F} will be led by {P}, because {Q} is ill.
  = {P} ? Who will lead the next {F}? ~ Who will lead the {F}?
  = {Q} is ill ? Why will {P} lead the next {F}?
{E} will be open on {D} although it is a holiday.
  = {D} ? When will {E} be open?
Everyone who lives in {T} gets {M} from the state.
  = {M} ? How much does everyone who lives in {T} get?
  = Everyone who lives in {T} ? Who gets {M} from the state?
{P} says that {E} makes the best {O} in {T}.
  = {E} ? Who makes the best {O} in {T}?
The water in {T} has been safe to drink since {D}.
  = {D} ? Since when has the water in {T} been safe to drink?
{C} blames {B2} for its loss of {M}.
  = {B2} ? What does {C} blame for its loss?
  = {M} ? How high was the loss of {C}? ~ How much did {C} lose?
{C} expects to sell {N} {K} a year.
  = {N} ? How many {K} does {C} expect to sell a year?
Instead of flowers, {P} asks for gifts to {E}.
  = gifts to {E} ? What does {P} ask for?
"""
