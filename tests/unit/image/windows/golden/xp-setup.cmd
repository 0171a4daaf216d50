@echo off
rem Run once, at the first logon, from the configuration CD: certificate, drivers, agent; then the machine powers off.
rem The host follows the milestones on the serial line. A step that fails is told there, by which the host gives up.
setlocal enableextensions
set "CD_HOME=%~dp0"
set "HOME=%SystemDrive%\rundown"
if not exist "%HOME%" mkdir "%HOME%"
set "LOG=%HOME%\setup.log"
>COM1 echo RUNDOWN-MILESTONE first-logon
call "%CD_HOME%settings.cmd"

rem The certificate the drivers are signed with: trusted as a root, and as a publisher without asking.
set "STEP=certificate"
call :must reg import "%CD_HOME%rundown-test.reg"
if not "%CODE%"=="0" goto failed
>COM1 echo RUNDOWN-MILESTONE certificate

rem Drivers: copied to the disk and made known to the system; the protocol driver is installed by each run.
set "STEP=drivers"
call :must xcopy /e /i /y /q "%CD_HOME%packages\protocol5" "%HOME%\packages\protocol5"
if not "%CODE%"=="0" goto failed
call :must xcopy /e /i /y /q "%CD_HOME%virtio\NetKVM" "%HOME%\virtio\NetKVM"
if not "%CODE%"=="0" goto failed
set "DEVICE_PATH=%SystemRoot%\inf"
set "DEVICE_PATH=%DEVICE_PATH%;%HOME%\packages\protocol5"
set "DEVICE_PATH=%DEVICE_PATH%;%HOME%\virtio\NetKVM"
call :must reg add "HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion" /v DevicePath /t REG_EXPAND_SZ /d "%DEVICE_PATH%" /f
if not "%CODE%"=="0" goto failed
>COM1 echo RUNDOWN-MILESTONE drivers

rem The agent: a service that starts with the system and takes the serial line then.
set "STEP=agent"
call :must xcopy /i /y /q "%CD_HOME%agent" "%HOME%"
if not "%CODE%"=="0" goto failed
call :must "%HOME%\rundown-agent.exe" --install --port COM1
if not "%CODE%"=="0" goto failed
>COM1 echo RUNDOWN-MILESTONE agent

set "STEP=power-off"
call :must shutdown -s -f -t 5
if not "%CODE%"=="0" goto failed
exit /b 0

:failed
>COM1 echo RUNDOWN-MILESTONE failed %STEP%: error %CODE% of %COMMAND%
exit /b 1

:must
set "COMMAND=%~nx1"
echo must: %* >>"%LOG%"
%* >>"%LOG%" 2>&1
set "CODE=%ERRORLEVEL%"
exit /b 0
