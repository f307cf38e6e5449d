Requests for this name go to the program in config/demo/programs/worker.c, which is running already.
