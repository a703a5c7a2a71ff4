"""[[broker]]: a supervised connection that devices share; each is a topic filter and a codec on it."""
