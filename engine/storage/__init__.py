"""What outlives the program: call records, flows, secrets. A crash loses none of it."""
