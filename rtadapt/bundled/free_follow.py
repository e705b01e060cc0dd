"""Second sentences of free texts, and what begins, ends and travels by itself; data only.

A line is `sentence | question | answer`; `{S}` is who did it, `{O}` what it was done to, `{She}` a pronoun, `{Wish}` and
`{wish}` a wish as it is said and asked, `{doing}` what is wished; other holes are those of `free_phrases`.
"""

from __future__ import annotations

from rtadapt.bundled.lists import blocks, items

FOLLOWING = blocks("""
person:
    {She} {Wish} to {doing}. | {wish} | {doing}
    {She} {Wish} to {doing}. | {wish} | {doing}
    {She} {Wish} to {doing}. | {wish} | {doing}
    {She} will {doing}. | What will {S} do? | {doing}
    {She} is {age} years old. | How old is {S}? | {age}
    {She} comes from {town}. | Where does {S} come from? | {town}
    {She} was born in {town}. | Where was {S} born? | {town}
    {She} lives in {town} with {her} family. | Where does {S} live? | {town}
    {She} had worked at {e} for {few} years. | Where had {S} worked before? | {e}
    {She} used to work for {company}. | For which company did {S} use to work? | {company}
    {She} starts on {day}. | When does {S} start? | {day}
    {She} takes up the job in {month}. | When does {S} take up the job? | {month}
    {She} begins in {month}. | When does {S} begin? | {month}
    It took {her2} {span}. | How long did it take {S}? | {span}
    {She} did it {purpose}. | Why did {S} do it? | {purpose}
    {She} thanked {her} {kin}, {person}. | Who is {S}'s {kin}? | {person}
    {Her} {kin}, {person}, helped {her2}. | Who helped {S}? | {person}
company:
    The {acts} start in {month}. | When do the {acts} at {S} start? | {month}
    The {acts} will begin at the {b} in {town}. | Where will the {acts} at {S} begin? | the {b} in {town}
    The {acts} are led by {person}. | Who leads the {acts} at {S}? | {person}
    The {acts} end on {date}. | When do the {acts} at {S} end? | {date}
    A {act} is planned for {day}. | For when is a {act} at {S} planned? | {day}
    The company employs {n} people. | How many people does {S} employ? | {n}
    The company {Wish} to {doing}. | {wish} | {doing}
    It {Wish} to {doing}. | {wish} | {doing}
    The company was founded in {past}. | When was {S} founded? | {past}
    Its profit rose to {amount}. | How high is the profit of {S}? | {amount}
    It made a loss of {amount} last year. | How high was the loss of {S} last year? | {amount}
    {person} speaks for the company. | Who speaks for {S}? | {person}
    Its offices are on {street}. | Where are the offices of {S}? | {street}
club:
    The {acts} start on {day}. | When do the {acts} of {S} start? | {day}
    The {act} will take place in {town}. | Where will the {act} of {S} take place? | {town}
    The club {Wish} to {doing}. | {wish} | {doing}
    The club was founded in {past}. | When was {S} founded? | {past}
    They play {town} on {day}. | When does {S} play {town}? | {day}
    The club now has {n} members. | How many members does {S} have? | {n}
    They are {nth} in the table. | Where is {S} in the table? | {nth}
institution:
    The {acts} begin on {date}. | When do the {acts} at {S} begin? | {date}
    A {act} will follow in {month}. | When will a {act} follow at {S}? | {month}
    The {act} is led by {person}. | Who leads the {act} at {S}? | {person}
    {person} is against the {act}. | Who is against the {act} at {S}? | {person}
    It {Wish} to {doing}. | {wish} | {doing}
    It has {n} {people}. | How many {people} does {S} have? | {n}
    It is open from {clock} every day. | From when is {S} open? | {clock}
    It was founded in {past}. | When was {S} founded? | {past}
    {person} has been in charge there since {past}. | Who has been in charge of {S} since {past}? | {person}
council:
    A {act} will be held on {day}. | When will a {act} of {S} be held? | {day}
    The {act} lasted {span}. | How long did the {act} of {S} last? | {span}
    The vote was {n} to {few}. | What was the result of the vote of {S}? | {n} to {few}
    {person} speaks for {S}. | Who speaks for {S}? | {person}
    The next meeting is on {date}. | When is the next meeting of {S}? | {date}
    It {Wish} to {doing}. | {wish} | {doing}
    The decision will cost {amount}. | How much will the decision of {S} cost? | {amount}
firm:
    They {Wishes} to {doing}. | {wish} | {doing}
    The decision was made on {date}. | When did {S} make the decision? | {date}
""")
"""By who did it."""

ABOUT = blocks("""
building:
    The {acts} start in {month} {year}. | When do the {acts} at {O} start? | {month} {year}
    The {act} begins on {date}. | When does the {act} at {O} begin? | {date}
    The {acts} will take {span}. | How long will the {acts} at {O} take? | {span}
    The {act} ends in {month}. | When does the {act} at {O} end? | {month}
    {Act1} is due to start in {month}. | When is {act1} at {O} due to start? | {month}
    {Act1} starts in {month} {year}. | When does {act1} at {O} start? | {month} {year}
    The first {people} move in on {date}. | When do the first {people} move in at {O}? | {date}
    Nearby residents hope for {stuff}. | What do residents near {O} hope for? | {stuff}
    A {b} will replace it. | What will replace {O}? | a {b}
    {n} {people} work there. | How many {people} work at {O}? | {n}
    {company} paid for it. | Who paid for {O}? | {company}
    The key is with {person}. | Who has the key of {O}? | {person}
    It was built in {past}. | When was {O} built? | {past}
    It has room for {n} {people}. | How many {people} does {O} have room for? | {n}
    It cost {amount} to build. | How much did {O} cost to build? | {amount}
    The work will cost {amount}. | How much will the work on {O} cost? | {amount}
    The work will take {span}. | How long will the work on {O} take? | {span}
    The architect is {person}. | Who is the architect of {O}? | {person}
    The work is due to be finished in {month} {year}. | When is the work on {O} due to be finished? | {month} {year}
    It stands next to the {b}. | What does {O} stand next to? | the {b}
    The owner is {person}. | Who is the owner of {O}? | {person}
    It had been empty for {span}. | For how long had {O} been empty? | {span}
institution:
    The sale brought in {amount}. | How much did the sale of {O} bring in? | {amount}
    It has {n} {people}. | How many {people} does {O} have? | {n}
    It was founded by {person} in {past}. | When was {O} founded? | {past}
    It lost {amount} last year. | How much did {O} lose last year? | {amount}
    It will stay on {street}. | Where will {O} stay? | {street}
product:
    A {act} is expected on {day}. | When is a {act} of {O} expected? | {day}
    The {acts} begin in {month}. | When do the {acts} of {O} begin? | {month}
    Deliveries begin in {month} {year}. | When do deliveries of {O} begin? | {month} {year}
    A new version is expected in {month}. | When is a new version of {O} expected? | {month}
    Owners have {span} to return it. | How long do owners have to return {O}? | {span}
    An update is due on {date}. | When is an update of {O} due? | {date}
    It can be returned until {date}. | Until when can {O} be returned? | {date}
    Buyers get {few} extra parts with it. | How many extra parts do buyers get with {O}? | {few}
    It sells for {amount}. | How much is {O}? | {amount}
    Its battery lasts {span}. | How long does the battery of {O} last? | {span}
    It weighs {few} kilos. | How much does {O} weigh? | {few} kilos
    It comes in {colour}. | In which colour does {O} come? | {colour}
    {n} have been sold so far. | How many of {O} have been sold? | {n}
    It was designed by {person}. | Who designed {O}? | {person}
work:
    It runs for {n} minutes. | How long does {O} run? | {n} minutes
    It is set in {town}. | Where is {O} set? | {town}
    It was finished in {past}. | When was {O} finished? | {past}
    It can be seen at {e} until {month}. | Where can {O} be seen? | {e}
    It took {span}. | How long did {O} take? | {span}
plan:
    The {acts} begin in {month} {year}. | When do the {acts} for {O} begin? | {month} {year}
    {Act1} begins in {month} {year}. | When does {act1} of {O} begin? | {month} {year}
    {Act1} will take {span}. | How long will {act1} of {O} take? | {span}
    The {act} ends on {date}. | When does the {act} for {O} end? | {date}
    The {act} was led by {person}. | Who led the {act} for {O}? | {person}
    {person} voted against it. | Who voted against {O}? | {person}
    {person} is against it. | Who is against {O}? | {person}
    Work starts in {month} {year}. | When does work on {O} start? | {month} {year}
    Building is to start in {month}. | When is building of {O} to start? | {month}
    It should be ready by {year}. | By when should {O} be ready? | {year}
    The work is due to begin on {date}. | When is the work on {O} due to begin? | {date}
    Work on it starts in {month} {year}. | When does work on {O} start? | {month} {year}
    The first step is due in {month}. | When is the first step of {O} due? | {month}
    It will cost {amount}. | How much will {O} cost? | {amount}
    It takes effect on {date}. | When does {O} take effect? | {date}
    It comes into force in {month} {year}. | When does {O} come into force? | {month} {year}
    It will take {span} to carry out. | How long will {O} take to carry out? | {span}
    It was the idea of {person}. | Whose idea was {O}? | {person}
    {company} will do the work. | Which company will do the work for {O}? | {company}
    {n} people signed a letter against it. | How many people signed a letter against {O}? | {n}
event:
    Third place was taken by {person}. | Who took third place in {O}? | {person}
    Silver went to {person}. | Who got silver in {O}? | {person}
    The second prize was given to {person}. | Who was given the second prize of {O}? | {person}
    The award for fair play went to {person}. | Who got the award for fair play at {O}? | {person}
    The {act} starts at {clock}. | When does the {act} of {O} start? | {clock}
    {person} lost the final. | Who lost the final of {O}? | {person}
    The favourite, {person}, was only {nth}. | Who was the favourite in {O}? | {person}
    {person} came second. | Who came second in {O}? | {person}
    {person} finished third. | Who finished third in {O}? | {person}
    The runner-up was {person}. | Who was the runner-up in {O}? | {person}
    {person} was second and {person2} third. | Who was second in {O}? | {person}
    {n} people took part. | How many people took part in {O}? | {n}
    Tickets cost {amount}. | How much are tickets for {O}? | {amount}
    The winner gets {amount}. | How much does the winner of {O} get? | {amount}
    The next one will be held in {town}. | Where will the next {o} be held? | {town}
    It lasts {span}. | How long does {O} last? | {span}
    It starts at {clock} at {venue}. | When does {O} start? | {clock}
people:
    The first of them arrive on {day}. | When do the first of the {o} arrive? | {day}
    They are paid {amount} each. | How much are the {o} paid? | {amount}
    They come from {town}. | Where do the {o} come from? | {town}
    {person} trains them. | Who trains the {o}? | {person}
    They will stay for {span}. | How long will the {o} stay? | {span}
goods:
    They cost {amount}. | How much did the {o} cost? | {amount}
    They were made by {company}. | Which company made the {o}? | {company}
    They are kept at {e}. | Where are the {o} kept? | {e}
""")
"""By what it was done to."""

SCHEMES = items("""
    the strike at {e}, the free trial of the {product}, the summer course at {e}, the repair work on {street}, the
    discount at {e}, registration for the {fest}, the season of {club}, the licence of {e}, the building work at {e}, the
    sale at {e}, the contract between {company} and {company2}, the lease of {e}, the ban on {stuff} in {town}, the trial
    of {person}, the exhibition at {e}, the search for {person}, the swimming course in {town}, the winter break at {e},
    the speed limit on {street}, voting in {town}, the harvest near {town}
""")
RIDES = items("""
    the ferry to {town}, the night train from {town} to {town2}, the bus to {town}, the first tram to the {place}, the
    shuttle to the {place}, the boat from {town}, the express to {town}, the last train to {town}
""")
KIN = items("wife, husband, sister, brother, coach, teacher, agent, son, daughter, uncle, manager")
NTH = items("first, second, third, fourth, fifth, sixth, seventh, tenth, last")
ACTS = items("""
    talk, test, repair, lesson, rehearsal, payment, cut, trial, tour, check, visit, hearing, course, sale, interview,
    inspection, delivery, meeting, vote, auction, exam, party, protest, concert, clean-up, drill, survey, count, review,
    workshop, exhibition, debate, strike, upgrade, audit, parade, lecture, clearance, renovation, training session, shift,
    dig, transfer, move, launch, screening, negotiation, ceremony
""")
MATTERS = items("""
    training, planning, digging, planting, production, demolition, testing, painting, teaching, filming, work, voting,
    registration, recruiting, printing, drilling, cleaning, building work, track laying, surveying, excavation, tree felling
""")
