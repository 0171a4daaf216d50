@echo off
rem Run once, at the first logon, from the configuration CD: certificate, drivers, agent; then the machine powers off.
rem The host follows the milestones on the serial line. A step that fails is told there, by which the host gives up.
setlocal enableextensions
set "CD_HOME=%~dp0"
set "HOME=%SystemDrive%\rundown"
if not exist "%HOME%" mkdir "%HOME%"
set "LOG=%HOME%\setup.log"
>COM1 echo RUNDOWN-MILESTONE first-logon

rem The certificate the drivers are signed with: trusted as a root, and as a publisher without asking.
set "STEP=certificate"
call :must certutil -addstore -f Root "%CD_HOME%rundown-test.cer"
if not "%CODE%"=="0" goto failed
call :must certutil -addstore -f TrustedPublisher "%CD_HOME%rundown-test.cer"
if not "%CODE%"=="0" goto failed
>COM1 echo RUNDOWN-MILESTONE certificate

rem Drivers: copied to the disk and made known to the system; the protocol driver is installed by each run.
set "STEP=drivers"
call :must xcopy /e /i /y /q "%CD_HOME%packages\protocol5" "%HOME%\packages\protocol5"
if not "%CODE%"=="0" goto failed
call :must xcopy /e /i /y /q "%CD_HOME%virtio\viostor" "%HOME%\virtio\viostor"
if not "%CODE%"=="0" goto failed
call :must xcopy /e /i /y /q "%CD_HOME%virtio\NetKVM" "%HOME%\virtio\NetKVM"
if not "%CODE%"=="0" goto failed
call :must xcopy /e /i /y /q "%CD_HOME%virtio\fwcfg" "%HOME%\virtio\fwcfg"
if not "%CODE%"=="0" goto failed
call :must xcopy /e /i /y /q "%CD_HOME%virtio\pvpanic" "%HOME%\virtio\pvpanic"
if not "%CODE%"=="0" goto failed
call :driver "%HOME%\packages\protocol5\protocol5.inf"
if not "%CODE%"=="0" goto failed
call :driver "%HOME%\virtio\viostor\viostor.inf"
if not "%CODE%"=="0" goto failed
call :driver "%HOME%\virtio\NetKVM\netkvm.inf"
if not "%CODE%"=="0" goto failed
call :driver "%HOME%\virtio\fwcfg\fwcfg.inf"
if not "%CODE%"=="0" goto failed
call :driver "%HOME%\virtio\pvpanic\pvpanic.inf"
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

rem pnputil: 259 is "nothing to install it for now", 3010 and 1641 "done, restart".
:driver
set "COMMAND=pnputil of %~nx1"
echo driver: %* >>"%LOG%"
pnputil /add-driver %1 /install >>"%LOG%" 2>&1
set "CODE=%ERRORLEVEL%"
if "%CODE%"=="259" set "CODE=0"
if "%CODE%"=="3010" set "CODE=0"
if "%CODE%"=="1641" set "CODE=0"
exit /b 0
