@echo off
rem On the floppy disk beside winnt.sif: finds the configuration CD and goes on there.
for %%d in (D E F G H I J) do if exist %%d:\rundown\setup.cmd call %%d:\rundown\setup.cmd
