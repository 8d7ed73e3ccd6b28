"""OsmAnd and Traccar Client: one report per request, as a query, a posted form, or JSON.

Sources: Traccar's OsmAndProtocolDecoder and its tests; the two are read apart because their units differ.
"""
