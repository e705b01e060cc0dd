"""What customers, agents and bots say in transcripts; data only. The letters are those of `sentences`."""

from __future__ import annotations

from rtadapt.bundled.lists import blocks

CUSTOMER_LINES = blocks("""
fix:
    My {K} shows {F}. What can I do?
    I get {E}.
    There is {E}. Help!
    My {K} stopped working, it says {F}.
    Hello, {F} is on the display of my {K}.
warranty:
    Is my {E} still covered?
    My {E} broke after a year.
    How long is the warranty on the {E}?
price:
    What does the {E} cost?
    I want to buy the {E}.
    How much is the {E}?
delivery:
    When will my order from {E} arrive?
    I ordered something from {E}.
    How long does delivery take?
returns:
    I'd like to send something back to {E}.
    Can I return my order?
release:
    When can I buy the {E}?
    Is the {E} out yet?
maker:
    Who makes the {E}?
    Is the {E} from you?
""")
"""What a customer asks, by relation."""

AGENT_LINES = blocks("""
fix:
    For {E}, {V}.
    Please {V}. That clears {E}.
    With {E} you should {V}.
    To clear {E}, please {V}.
    That is {E}. You need to {V}.
    Let's fix {E}: {V}.
warranty:
    The {E} has a warranty of {V}.
    The {E} is covered for {V}.
    You have {V} of warranty on the {E}.
price:
    The {E} costs {V}.
    The {E} is {V} at the moment.
    It is {V} for the {E}.
delivery:
    Delivery from {E} takes {V}.
    Orders from {E} take {V}.
    {E} delivers within {V}.
returns:
    You can return goods to {E} within {V}.
    {E} takes returns for {V}.
    The return period at {E} is {V}.
release:
    The {E} comes out in {V}.
    The {E} goes on sale in {V}.
maker:
    The {E} is made by {V}.
    {V} makes the {E}.
""")
"""What an agent answers, by relation."""

SMALL_TALK = blocks("""
hello:
    Hi there.
    Hello, I need help.
    Good morning!
    Hi, is anyone there?
    Hello.
    Hey, quick question.
    Hi, can you help me?
welcome:
    Hello, this is {P}. How can I help?
    Hi! What can I do for you?
    Good morning, {P} here.
    Welcome, how may I help you today?
    Hello, thanks for writing.
doubt:
    That can't be right.
    Are you sure?
    I already tried that.
    I'd like to talk to a person.
    That did not work.
    Hm, the website says something else.
lead:
    Sure.
    Thanks for waiting.
    I see.
    Of course.
    Let me check.
    Good question.
    I'm sorry about that.
    No problem.
    I have checked.
tail:
    Does that help?
    Anything else?
    Let me know if it works.
    Have a look, please.
    Sorry for the trouble.
thanks:
    Thanks a lot!
    Great, that works.
    Perfect, thank you.
    Ok, thanks.
    That solved it!
    Thank you, bye.
bye:
    You're welcome.
    Have a nice day!
    Glad to help.
    Goodbye!
    Any time.
""")
"""Politeness, doubt, and what agents put before (`lead`) and after (`tail`) an answer."""
