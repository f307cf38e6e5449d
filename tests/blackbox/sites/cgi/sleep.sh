# Never answers, nor does its child.
sleep 60 &
sleep 60
