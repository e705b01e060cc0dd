"""The general forms of asking, shared by all relations; data only."""

from __future__ import annotations

from rtadapt.bundled.lists import lines

EMBEDDED = lines("""
    Do you know {e}?
    Can you tell me {e}?
    Could you tell me {e}?
    Tell me {e}.
    Please tell me {e}.
    Any idea {e}?
    Do you happen to know {e}?
    Would you know {e}?
    Say {e}.
    Explain {e}.
    Remind me {e}.
    Could you say {e}?
    Can anyone tell me {e}?
    Please say {e}.
    May I ask {e}?
    Could you remind me {e}?
    I need to know {e}.
    I want to know {e}.
    I'd like to know {e}.
    I'm trying to find out {e}.
    I would like to find out {e}.
    I forgot {e}.
    I don't know {e}.
    I can't remember {e}.
    I wonder {e}.
    I am asking {e}.
    We need to know {e}.
    I was wondering {e}.
    I have to find out {e}.
    Let me know {e}.
""")
"""Around an embedded clause `{e}`."""

DIRECT = lines("""
    Question: {d}?
    One question: {d}?
    So {d}?
    Can you help, {d}?
    A question for you: {d}?
    I have a question: {d}?
    Tell me, {d}?
    Please, {d}?
    Short question, {d}?
    Well, {d}?
    {d}, please?
    And {d}?
""")
"""Around a direct clause `{d}`."""

NOUN_REQUESTS = lines("""
    Tell me {n}.
    Name {n}.
    Please give me {n}.
    Give me {n}.
    State {n}.
    Please name {n}.
    I need {n}.
    I'm looking for {n}.
    What about {n}?
    {n}?
    {n}
    I'd like {n}.
    Find {n}.
    Please tell me {n}.
    Look up {n}.
    Can you give me {n}?
    Do you know {n}?
    Could you name {n}?
    Answer with {n}.
    I am asking for {n}.
""")
"""Around a noun phrase `{n}`."""

KEYWORDS = lines("""
    {E}: {r}?
    {E}: {r}
    {E} {r}
    {r} {E}
    {r} of {E}?
    {r} of {E}
    {E}, {r}?
    {r}, {E}?
    {E} - {r}?
    {r}: {E}
    {E}: {w} is {r}?
    {E} {r}?
    {r} for {E}?
    {E} / {r}
    {E}, who or what is the {r}?
    {r} at {E}?
""")
"""Entity, noun and question word, side by side."""

UNFINISHED = lines("""
    {N} is
    {N} is …
    {N} is...
    {N} is called
    Complete: {n} is
    Finish the sentence: {n} is
    {N}:
    Complete the sentence. {N} is
    Fill in: {n} is ___
    As we know, {n} is
""")
"""Statements to complete; `{N}` is the noun phrase with a capital."""

TIMES = lines("""
    now
    these days
    currently
    at the moment
    today
    right now
    nowadays
    as of today
    this year
""")
"""Tags of time."""

GREETINGS = (
    "Hi, ",
    "Hello, ",
    "Hey, ",
    "Good morning, ",
    "Hello! ",
    "Hi! ",
    "Good evening. ",
    "Excuse me, ",
    "Hi there, ",
    "Sorry, ",
    "Thanks. ",
)
"""Before a question; after a comma it goes on in lower case."""
