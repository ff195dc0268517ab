"""Pictures, as PNG. A value says what is on one and draws itself; the same value gives the same bytes.

A picture holds no count and nothing of who did what: it is made from days and forms of care. It knows neither catalogs
nor people: every word on it is given to it. Nothing is fetched, and no typeface of the machine is used.
"""
