"""The search for events, of the pages, the API and the admin.

`phrases` takes apart what was typed, `lexemes` writes it as text search queries in tiers of
relevance, `spelling` corrects typing errors where nothing is found, `finding` runs it.
"""
