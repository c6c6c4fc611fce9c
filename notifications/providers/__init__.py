"""The providers that emails are handed over to: a chain, of which the next one helps out.

`registry` has them from the settings; `chain` chooses one for each email, by what is known of each
(`breaker`: does it answer, `rate`: may it get more, `health`: what happened last); `sending` hands
the email over, and to the next where one fails for reasons of its own (`errors`).
"""
