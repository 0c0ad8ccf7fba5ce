"""What visitors did: raw events made day by day, and the bucket rows made of them on the fly."""
