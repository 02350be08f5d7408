"""What stored results would have said under other rules and waivers, as far as what was stored decides it.

``differences.py`` reads the differences of a result, ``rules.py`` changes them as changed rules would,
``waivers.py`` covers them, ``judgement.py`` judges, ``stored.py`` gathers. Whatever is not decided is *cannot
say*, never a guess.
"""
