"""Google's own SQL analyzer as a net under every statement of the product.

The modules: `analyzer` resolves SQL as BigQuery would, `sent` writes down what the product sends, `kinds` finds in the product's
code what it can send, and `plugin` ties the three to a test run. docs/sql.md says what the net cannot hold.
"""
