"""What tests of several folders share: a harness for a product in a state folder, contracts, builders, golden files, guide."""
