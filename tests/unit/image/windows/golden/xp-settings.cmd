@echo off
rem Settings of the whole machine. Vista and later run this in the specialize pass, earlier systems at the first logon.
rem What must work and does not is told on the serial line, by which the host gives up; the rest is only logged.
setlocal enableextensions
set "HOME=%SystemDrive%\rundown"
if not exist "%HOME%" mkdir "%HOME%"
set "LOG=%HOME%\settings.log"
>COM1 echo rundown: settings begin

rem Crashes: a kernel dump, kept; the machine stays down, so that the host sees the stop.
set "CRASH=HKLM\SYSTEM\CurrentControlSet\Control\CrashControl"
call :must reg add "%CRASH%" /v CrashDumpEnabled /t REG_DWORD /d 2 /f
call :must reg add "%CRASH%" /v AutoReboot /t REG_DWORD /d 0 /f
call :must reg add "%CRASH%" /v Overwrite /t REG_DWORD /d 1 /f
call :may reg add "%CRASH%" /v AlwaysKeepMemoryDump /t REG_DWORD /d 1 /f
call :may reg add "%CRASH%" /v DisplayParameters /t REG_DWORD /d 1 /f
call :must reg add "%CRASH%" /v NMICrashDump /t REG_DWORD /d 1 /f

rem Boot: nobody else on the serial line.
call :may bootcfg /ems OFF /id 1
call :may bootcfg /debug OFF /id 1
call :may bootcfg /timeout 0

rem The machine never sleeps.
call :may powercfg /hibernate off
call :may reg add "HKCU\Control Panel\PowerCfg" /v CurrentPowerPolicy /t REG_SZ /d 3 /f
call :may reg add "HKU\.DEFAULT\Control Panel\PowerCfg" /v CurrentPowerPolicy /t REG_SZ /d 3 /f

rem Nothing is fetched, nothing is maintained behind our back, nothing asks.
call :must reg add "HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU" /v NoAutoUpdate /t REG_DWORD /d 1 /f
call :may sc config wuauserv start= disabled
call :may reg add "HKLM\SOFTWARE\Policies\Microsoft\Windows NT\SystemRestore" /v DisableSR /t REG_DWORD /d 1 /f
call :may reg add "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\DriverSearching" /v SearchOrderConfig /t REG_DWORD /d 0 /f
call :may reg add "HKLM\SYSTEM\CurrentControlSet\Services\PlugPlay\Parameters" /v SuppressUI /t REG_DWORD /d 1 /f
exit /b 0

:must
echo must: %* >>"%LOG%"
%* >>"%LOG%" 2>&1
if "%ERRORLEVEL%"=="0" exit /b 0
set "CODE=%ERRORLEVEL%"
>COM1 echo RUNDOWN-MILESTONE failed settings: error %CODE% of %*
exit /b 1

:may
echo may: %* >>"%LOG%"
%* >>"%LOG%" 2>&1
if not "%ERRORLEVEL%"=="0" echo that ended with %ERRORLEVEL% >>"%LOG%"
exit /b 0
