import socket
s=socket.create_server(('10.79.0.1',8080)); c,_=s.accept(); n=0
while True:
    d=c.recv(65536)
    if not d: break
    n+=len(d)
print(n)
