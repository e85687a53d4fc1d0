"""Pure array functions: arrays and numbers in, new arrays out. No frames, files or hidden state."""
