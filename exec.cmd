@rem `npm start` begins with `exec`, so that the server takes the place of the shell, which would keep signals from it.
@rem cmd, the shell of npm on Windows, has no such command and finds this one.
@%*
