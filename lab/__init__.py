"""What lesson and benchmark share: questions, traffic, real parts."""
